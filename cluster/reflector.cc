// The loop of list and watch: streaming list where the server has it, else pages; resumption after a cut; relist after
// 410.
#include "cluster/reflector.h"

#include <algorithm>

#include "base/log.h"
#include "base/random.h"
#include "cluster/body.h"

namespace portolan::cluster {
namespace {

/// Seconds that a watch may last which begins with all objects: as client-go, 5 to 10 minutes.
constexpr uint64_t kInitialWatch = 300;

bool too_large_version(std::string_view message) {
  return message.find("Too large resource version") != std::string_view::npos;
}

/// Whether `version` is no news after `known`. Resource versions are decimal numbers that grow (KEP-5504); others are
/// taken as they come.
bool seen_before(std::string_view version, std::string_view known) {
  const auto number = [](std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  };
  if (!number(version) || !number(known)) return false;
  return version.size() != known.size() ? version.size() < known.size() : version <= known;
}

}  // namespace

Resource resource(Kind kind, const Wanted& wanted) {
  Resource found;
  found.kind = kind;
  const char* version = "/v1/";
  switch (kind) {
    case Kind::service:
      found.plural = "services";
      break;
    case Kind::pod:
      found.plural = "pods";
      found.selection =
          "&fieldSelector=" + query_escape("status.phase!=Succeeded,status.phase!=Failed,status.phase!=Unknown");
      break;
    case Kind::endpoint_slice:
      found.group = "discovery.k8s.io";
      found.plural = "endpointslices";
      break;
    case Kind::namespace_:
      found.plural = "namespaces";
      break;
    case Kind::service_import:
      found.group = "multicluster.x-k8s.io";
      version = "/v1alpha1/";
      found.plural = "serviceimports";
      found.encoding = Encoding::json;
      found.may_be_undefined = true;
      break;
  }
  found.path = (found.group.empty() ? "/api/v1/" : "/apis/" + found.group + version) + found.plural;
  if (const std::string labels = wanted.selector(kind); !labels.empty()) {
    found.selection += "&labelSelector=" + query_escape(labels);
  }
  return found;
}

Reflector::Reflector(Resource wanted, ApiServer server, Gate& gate, Sink& sink, Pace pace)
    : resource_(std::move(wanted)),
      gate_(gate),
      sink_(sink),
      pace_(std::move(pace)),
      metrics_(server.url),
      client_(std::move(server)),
      backoff_(pace_.first_pause, pace_.longest_pause),
      undefined_backoff_(pace_.first_undefined_pause, pace_.longest_undefined_pause),
      best_(resource_.encoding),
      patience_(pace_.silence) {}

void Reflector::run() {
  while (!gate_.stopped()) {
    progress_ = current_ = false;
    retry_after_ = {};
    const SteadyTime begun = gate_.now();
    End end = stream(version_.empty());
    if (end == End::refused) end = list();
    if (current_) patience_ = pace_.silence;
    if (end == End::undefined) report_undefined();
    // Without a pause: the server is there. When a list is refused so as well, there is one.
    if (end == End::gone && !version_.empty()) {
      version_.clear();
      continue;
    }
    if (progress_) {
      backoff_.reset();
      if (end != End::failed) continue;
    }
    // Counted from the request's begin: one that waited in vain for a connection is followed by the next at once.
    auto& backoff = end == End::undefined ? undefined_backoff_ : backoff_;
    const auto pause = backoff.pause(pace_.random ? pace_.random() : fast_random64());
    const auto least = end == End::failed ? std::min(pause, pace_.first_pause) : std::chrono::nanoseconds(0);
    const auto rest = std::max<std::chrono::nanoseconds>(pause - (gate_.now() - begun), least);
    if (!gate_.sleep(std::max<std::chrono::nanoseconds>(rest, retry_after_))) return;
  }
}

/// A watch that resumes at version_, or one that begins with all objects and says where they end.
Reflector::End Reflector::stream(bool initial) {
  const uint64_t random = pace_.random ? pace_.random() : fast_random64();
  std::string query = "?watch=true&allowWatchBookmarks=true&timeoutSeconds=" +
                      std::to_string(initial ? kInitialWatch + random % (kInitialWatch + 1)
                                             : static_cast<uint64_t>(pace_.shortest_watch.count()) + random % 3);
  query += initial ? "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                   : "&resourceVersion=" + query_escape(version_);
  snapshot_open_ = false;
  bool syncing = initial;
  End end = End::clean;
  EventBody events(resource_.kind, decoder_);
  const EventBody::Each take = [&](Event&& event) { return take_event(std::move(event), syncing, end); };
  const Reply reply = request(query, [&](Encoding encoding, std::string_view piece) {
    if (syncing && !snapshot_open_) open_snapshot();
    const auto fed = events.feed(encoding, piece, take);
    if (!fed) end = unreadable("watch", encoding, fed.error().message);
    return fed.has_value() && *fed;
  });
  if (end != End::clean) return end;
  if (reply.silent && initial && !syncing) return End::clean;  // it lasts longer than others: time for one of those
  end = judge(reply, "watch");
  if (end == End::clean && syncing) return End::refused;  // it ended without saying that all has been sent
  return end;
}

/// One event. False: the stream is of no more use, `end` says why.
bool Reflector::take_event(Event&& event, bool& syncing, End& end) {
  const bool again = !syncing && seen_before(event.resource_version, version_);  // a proxy may say things twice
  switch (event.type) {
    case Event::Type::error:
      end = event.code == 410 || too_large_version(event.message)
                ? End::gone
                : broken("watch", std::to_string(event.code) + " " + event.message);
      return false;
    case Event::Type::bookmark:
      if (syncing && event.initial_events_end) {
        syncing = false;
        close_snapshot(event.resource_version);
      }
      break;
    case Event::Type::deleted:
      if (again) break;
      if (event.object) {
        const Metadata& meta = metadata(*event.object);
        sink_.remove(resource_.kind, meta.space, meta.name);
      } else {
        take_object(fail(event.message));
      }
      break;
    case Event::Type::added:
    case Event::Type::modified:
      if (again) break;
      take_object(event.object ? Result<Object>(std::move(*event.object)) : Result<Object>(fail(event.message)));
      break;
  }
  progress_ = true;
  if (syncing) return true;
  current_ = true;
  if (!again && !event.resource_version.empty()) version_ = event.resource_version;
  return true;
}

/// A list in pages. When the server no longer has the version that the pages belong to, the list comes in one piece.
Reflector::End Reflector::list() {
  for (const bool paged : {true, false}) {
    snapshot_open_ = false;
    ListMetadata meta;
    End end = End::clean;
    do {
      std::string query = paged ? "?limit=500" : "?limit=0";
      if (!meta.continue_token.empty()) query += "&continue=" + query_escape(meta.continue_token);
      meta = {};
      end = list_page(query, meta);
    } while (end == End::clean && !meta.continue_token.empty());
    if (end == End::gone && paged) continue;
    if (end == End::clean) close_snapshot(meta.resource_version);
    return end;
  }
  return End::failed;
}

Reflector::End Reflector::list_page(const std::string& query, ListMetadata& meta) {
  ListBody list(resource_.kind, decoder_);
  End end = End::clean;
  const ListBody::Receiver receiver{[&](Result<Object> object) { take_object(std::move(object)); },
                                    [&](ListMetadata&& read) { meta = std::move(read); }};
  const Reply reply = request(query, [&](Encoding encoding, std::string_view piece) {
    if (!snapshot_open_) open_snapshot();
    const auto fed = list.feed(encoding, piece, receiver);
    if (!fed) end = unreadable("list", encoding, fed.error().message);
    return fed.has_value();
  });
  if (end != End::clean) return end;
  if (end = judge(reply, "list"); end != End::clean) return end;
  if (!list.complete() || meta.resource_version.empty()) return broken("list", "the reply is no complete list");
  return End::clean;
}

Reply Reflector::request(const std::string& query, const std::function<bool(Encoding, std::string_view)>& body) {
  const SteadyTime wanted = gate_.now();
  if (!gate_.enter()) {
    Reply stopped;
    stopped.problem = "stopped";
    return stopped;
  }
  const SteadyTime begun = gate_.now();
  metrics_.waited(begun - wanted);
  Reply reply = client_.get(resource_.path + query + resource_.selection, best_, patience_,
                            {[&](int status) {
                               gate_.leave(status != 0);
                               count(status, gate_.now() - begun);
                               if (status == 200) sink_.connection(resource_.kind, true, {});
                             },
                             [&](Encoding encoding, std::string_view piece) {
                               if (gate_.stopped()) return false;
                               sink_.connection(resource_.kind, true, {});
                               return body(encoding, piece);
                             }});
  if (reply.silent) patience_ = std::min(patience_ * 2, pace_.longest_silence);
  return reply;
}

/// A reply's head, or (status 0) that there is none; being stopped is no failure.
void Reflector::count(int status, std::chrono::nanoseconds duration) {
  if (status != 0) {
    metrics_.answered(status, duration);
  } else if (!gate_.stopped()) {
    metrics_.failed();
  }
}

/// What a reply means.
Reflector::End Reflector::judge(const Reply& reply, std::string_view verb) {
  if (reply.status == 410) return End::gone;
  if (reply.status == 200 && reply.problem.empty()) return End::clean;
  // A server that is starting may not know yet what it knew before; what has been read then stays.
  if (reply.status == 404 && resource_.may_be_undefined && !read_once_) return End::undefined;
  if (reply.status == 0 || reply.status == 200) return broken(verb, reply.problem);
  retry_after_ = reply.retry_after;
  const StatusReply status = read_status(reply.encoding, reply.body, decoder_);
  if (too_large_version(status.message)) return End::gone;
  // A server without streaming lists is no failure.
  if (version_.empty() && verb == "watch" && (reply.status == 400 || reply.status == 422)) return End::refused;
  std::string text = std::to_string(reply.status);
  if (!status.reason.empty()) text += " " + status.reason;
  if (!status.message.empty()) text += ": " + status.message;
  return broken(verb, text);
}

/// The sink writes the log line: it knows whether there is a last state to answer from.
Reflector::End Reflector::broken(std::string_view verb, const std::string& problem) {
  if (!gate_.stopped()) sink_.connection(resource_.kind, false, std::string(verb) + ": " + problem);
  return End::failed;
}

/// A body that cannot be read. One in protobuf is not asked for again: JSON goes through everything that stands
/// between.
Reflector::End Reflector::unreadable(std::string_view verb, Encoding encoding, const std::string& problem) {
  if (encoding == Encoding::json) return broken(verb, problem);
  best_ = Encoding::json;
  return broken(verb, problem + "; asking for JSON from now on");
}

void Reflector::open_snapshot() {
  snapshot_open_ = true;
  sink_.begin_snapshot(resource_.kind);
}

void Reflector::close_snapshot(const std::string& version) {
  sink_.end_snapshot(resource_.kind);
  version_ = version;
  progress_ = current_ = true;
  read_once_ = true;
}

/// The cluster has no such kind of object: for as long as that lasts, there are none.
void Reflector::report_undefined() {
  if (!undefined_) {
    log::warning("plugin/kubernetes: the API server has no " + resource_.plural + " (" + resource_.path +
                 "): none exist until it does");
    open_snapshot();
    sink_.end_snapshot(resource_.kind);
  }
  undefined_ = true;
}

void Reflector::take_object(Result<Object> object) {
  if (object) {
    sink_.apply(std::move(*object));
    return;
  }
  log::limited(log::Level::warning,
               "plugin/kubernetes: one of the " + resource_.plural + " is passed over: " + object.error().message);
}

}  // namespace portolan::cluster
