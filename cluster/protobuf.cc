// A reader of fields over protozero, not generated classes: what DNS does not use, such as a pod's spec, is passed over
// by its length. Field numbers are those of generated.proto in k8s.io/api and k8s.io/apimachinery. protozero checks
// every length and throws at what is malformed; no message is read recursively, so depth is bounded by this code.
#include "cluster/protobuf.h"

#include <protozero/pbf_reader.hpp>

namespace portolan::cluster::protobuf {
namespace {

using protozero::pbf_wire_type;
using Message = protozero::pbf_reader;

/// What a `switch` over Message::tag_and_type() tells apart: a field of an unexpected wire type is an unknown one.
constexpr uint32_t bytes(uint32_t field) {
  return protozero::tag_and_type(protozero::pbf_tag_type{field}, pbf_wire_type::length_delimited);
}
constexpr uint32_t varint(uint32_t field) {
  return protozero::tag_and_type(protozero::pbf_tag_type{field}, pbf_wire_type::varint);
}

std::string_view text(Message& message) {
  const auto view = message.get_view();
  return {view.data(), view.size()};
}

/// What `read` gives, a T or a Result<T>; what it throws becomes an error.
template <class T, class Read>
Result<T> guarded(Read&& read) {
  try {
    return read();
  } catch (const protozero::exception& problem) {
    return fail(std::string("invalid protobuf: ") + problem.what());
  } catch (const Error& problem) {
    return problem;
  }
}

/// An entry of a map<string, string>.
struct Entry {
  std::string_view key, value;
};
Entry read_entry(Message message) {
  Entry entry;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case bytes(1):
        entry.key = text(message);
        break;
      case bytes(2):
        entry.value = text(message);
        break;
      default:
        message.skip();
    }
  }
  return entry;
}

/// The annotations that mean something to DNS.
struct Annotations {
  std::string_view change_triggered;
  bool initial_events_end = false;
};

/// meta.v1.ObjectMeta
void read_metadata(Message message, bool namespaced, Metadata& meta, Annotations& annotations) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case bytes(1):
        meta.name = text(message);
        break;
      case bytes(3):
        if (const auto space = text(message); namespaced && !space.empty()) meta.space = space;
        break;
      case bytes(6):
        meta.resource_version = text(message);
        break;
      case bytes(9):  // deletionTimestamp
        meta.terminating = true;
        message.skip();
        break;
      case bytes(11): {
        const Entry entry = read_entry(message.get_message());
        meta.labels.emplace_back(entry.key, entry.value);
        break;
      }
      case bytes(12): {
        const Entry entry = read_entry(message.get_message());
        if (entry.key == "endpoints.kubernetes.io/last-change-trigger-time") annotations.change_triggered = entry.value;
        if (entry.key == "k8s.io/initial-events-end") annotations.initial_events_end = entry.value == "true";
        break;
      }
      default:
        message.skip();
    }
  }
}

/// core.v1.ServicePort and discovery.v1.EndpointPort, which are alike as far as DNS goes.
Port read_port(Message message, bool& outside) {
  Port port;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case bytes(1):
        port.name = text(message);
        break;
      case bytes(2):
        if (const auto protocol = text(message); !protocol.empty()) port.protocol = protocol;
        break;
      case varint(3): {
        const int64_t number = message.get_int64();
        outside |= number < 0 || number > 65535;
        port.number = static_cast<uint16_t>(number);
        break;
      }
      default:
        message.skip();
    }
  }
  return port;
}

void read_service_spec(Message message, Service& service, std::string_view& cluster_ip, bool& outside) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case bytes(1):
        service.ports.push_back(read_port(message.get_message(), outside));
        break;
      case bytes(3):
        cluster_ip = text(message);
        break;
      case bytes(4):
        if (const auto type = text(message); !type.empty()) service.type = type;
        break;
      case bytes(5):
        service.external_ips.emplace_back(text(message));
        break;
      case bytes(10):
        service.external_name = text(message);
        break;
      case bytes(18):
        service.cluster_ips.emplace_back(text(message));
        break;
      default:
        message.skip();
    }
  }
}

/// The IP of a core.v1.LoadBalancerIngress, else its host name.
std::string_view read_ingress(Message message) {
  std::string_view ip, hostname;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case bytes(1):
        ip = text(message);
        break;
      case bytes(2):
        hostname = text(message);
        break;
      default:
        message.skip();
    }
  }
  return ip.empty() ? hostname : ip;
}

void read_service_status(Message message, std::vector<std::string_view>& ingress) {
  while (message.next(1, pbf_wire_type::length_delimited)) {
    Message balancer = message.get_message();
    while (balancer.next(1, pbf_wire_type::length_delimited)) ingress.push_back(read_ingress(balancer.get_message()));
  }
}

/// The object, unless its fields make no sense.
template <class Kept>
Result<Object> checked(Kept&& kept, bool port_outside) {
  if (kept.meta.name.empty()) return fail("metadata.name is missing");
  if (port_outside) {
    return fail(kept.meta.space + "/" + kept.meta.name + ": a port is not a number between 0 and 65535");
  }
  return Object(std::forward<Kept>(kept));
}

Result<Object> read_service(Message message) {
  Service service;
  service.meta.space = "default";
  Annotations annotations;
  std::string_view cluster_ip;
  std::vector<std::string_view> ingress;
  bool outside = false;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case bytes(1):
        read_metadata(message.get_message(), true, service.meta, annotations);
        break;
      case bytes(2):
        read_service_spec(message.get_message(), service, cluster_ip, outside);
        break;
      case bytes(3):
        read_service_status(message.get_message(), ingress);
        break;
      default:
        message.skip();
    }
  }
  if (service.cluster_ips.empty() && !cluster_ip.empty()) service.cluster_ips.emplace_back(cluster_ip);
  for (const auto each : ingress) service.external_ips.emplace_back(each);
  return checked(std::move(service), outside);
}

Endpoint read_endpoint(Message message) {
  Endpoint endpoint;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case bytes(1):
        endpoint.addresses.emplace_back(text(message));
        break;
      case bytes(2):
        for (Message conditions = message.get_message(); conditions.next(1, pbf_wire_type::varint);) {
          endpoint.ready = conditions.get_bool();
        }
        break;
      case bytes(3):
        endpoint.hostname = text(message);
        break;
      case bytes(4):  // core.v1.ObjectReference
        for (Message target = message.get_message(); target.next(3, pbf_wire_type::length_delimited);) {
          endpoint.target_pod = text(target);
        }
        break;
      case bytes(7):
        endpoint.zone = text(message);
        break;
      default:
        message.skip();
    }
  }
  return endpoint;
}

Result<Object> read_endpoint_slice(Message message) {
  EndpointSlice slice;
  slice.meta.space = "default";
  Annotations annotations;
  bool outside = false;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case bytes(1):
        read_metadata(message.get_message(), true, slice.meta, annotations);
        break;
      case bytes(2):
        slice.endpoints.push_back(read_endpoint(message.get_message()));
        break;
      case bytes(3):
        slice.ports.push_back(read_port(message.get_message(), outside));
        break;
      case bytes(4):
        slice.address_type = text(message);
        break;
      default:
        message.skip();
    }
  }
  take_owner(slice);
  slice.change_triggered = annotations.change_triggered;
  return checked(std::move(slice), outside);
}

void read_pod_status(Message message, Pod& pod) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case bytes(1):
        pod.phase = text(message);
        break;
      case bytes(6):
        pod.ip = text(message);
        break;
      case bytes(12): {
        std::string& ip = pod.ips.emplace_back();
        for (Message one = message.get_message(); one.next(1, pbf_wire_type::length_delimited);) ip = text(one);
        break;
      }
      default:
        message.skip();
    }
  }
}

Result<Object> read_pod(Message message) {
  Pod pod;
  pod.meta.space = "default";
  Annotations annotations;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case bytes(1):
        read_metadata(message.get_message(), true, pod.meta, annotations);
        break;
      case bytes(3):
        read_pod_status(message.get_message(), pod);
        break;
      default:
        message.skip();
    }
  }
  return checked(std::move(pod), false);
}

Result<Object> read_namespace(Message message) {
  Namespace space;
  Annotations annotations;
  while (message.next(1, pbf_wire_type::length_delimited)) {
    read_metadata(message.get_message(), false, space.meta, annotations);
  }
  return checked(std::move(space), false);
}

/// An object that makes no sense is an error; what is no protobuf is thrown.
Result<Object> read_object(Kind kind, Message message) {
  switch (kind) {
    case Kind::service:
      return read_service(message);
    case Kind::endpoint_slice:
      return read_endpoint_slice(message);
    case Kind::pod:
      return read_pod(message);
    case Kind::namespace_:
      return read_namespace(message);
    case Kind::service_import:  // of a custom resource, which API servers have as JSON only
      break;
  }
  throw fail("this kind of object has no protobuf form");
}

/// runtime.Unknown, the envelope of what stands alone.
struct Envelope {
  std::string_view kind;
  Message object;
};
Envelope open(std::string_view body) {
  if (!body.starts_with(kMagic)) throw fail("expected protobuf that begins with \"k8s\" and a zero");
  body.remove_prefix(kMagic.size());
  Envelope envelope;
  Message message(body.data(), body.size());
  while (message.next()) {
    switch (message.tag_and_type()) {
      case bytes(1):  // TypeMeta
        for (Message type = message.get_message(); type.next(2, pbf_wire_type::length_delimited);) {
          envelope.kind = text(type);
        }
        break;
      case bytes(2):
        envelope.object = message.get_message();
        break;
      case bytes(3):
        if (!text(message).empty()) throw fail("an object is compressed inside its protobuf");
        break;
      default:
        message.skip();
    }
  }
  return envelope;
}

struct Status {
  StatusReply said;
  int code = 0;
};
Status read_status(Message message) {
  Status status;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case bytes(3):
        status.said.message = text(message);
        break;
      case bytes(4):
        status.said.reason = text(message);
        break;
      case varint(6):
        status.code = message.get_int32();
        break;
      default:
        message.skip();
    }
  }
  return status;
}

/// The metadata of an object of any kind, for when the rest does not matter.
Metadata metadata_alone(Message object, Annotations& annotations) {
  Metadata meta;
  while (object.next(1, pbf_wire_type::length_delimited)) read_metadata(object.get_message(), true, meta, annotations);
  return meta;
}

Event read_event(Kind kind, Message message) {
  std::string_view type, body;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case bytes(1):
        type = text(message);
        break;
      case bytes(2):  // RawExtension
        for (Message extension = message.get_message(); extension.next(1, pbf_wire_type::length_delimited);) {
          body = text(extension);
        }
        break;
      default:
        message.skip();
    }
  }
  Event event;
  const auto known = event_type(type);
  if (!known) throw fail("expected a watch event with a known type and an object");
  event.type = *known;
  const Envelope envelope = open(body);
  if (event.type == Event::Type::error) {
    Status status = read_status(envelope.object);
    event.code = status.code;
    event.message = std::move(status.said.message);
    return event;
  }
  if (event.type != Event::Type::bookmark) {
    if (auto object = read_object(kind, envelope.object)) {
      event.resource_version = metadata(*object).resource_version;
      event.object = std::move(*object);
      return event;
    } else {
      event.message = object.error().message;
    }
  }
  Annotations annotations;
  event.resource_version = metadata_alone(envelope.object, annotations).resource_version;
  event.initial_events_end = event.type == Event::Type::bookmark && annotations.initial_events_end;
  return event;
}

Message message_of(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

Result<Object> object(Kind kind, std::string_view message) {
  return guarded<Object>([&] { return read_object(kind, message_of(message)); });
}

Result<Event> event(Kind kind, std::string_view message) {
  return guarded<Event>([&] { return read_event(kind, message_of(message)); });
}

Result<ListMetadata> list_metadata(std::string_view text_of_it) {
  return guarded<ListMetadata>([&] {
    ListMetadata meta;
    Message message = message_of(text_of_it);
    while (message.next()) {
      switch (message.tag_and_type()) {
        case bytes(2):
          meta.resource_version = text(message);
          break;
        case bytes(3):
          meta.continue_token = text(message);
          break;
        default:
          message.skip();
      }
    }
    return meta;
  });
}

StatusReply status(std::string_view body) {
  const auto read = guarded<StatusReply>([&] {
    const Envelope envelope = open(body);
    return envelope.kind == "Status" ? read_status(envelope.object).said : StatusReply{};
  });
  return read ? *read : StatusReply{};
}

}  // namespace portolan::cluster::protobuf
