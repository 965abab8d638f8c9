// The functions of the query, with the texts that CoreDNS gives.
#include "plugins/common/expression/query_functions.h"

#include <arpa/inet.h>

#include <algorithm>

#include "plugins/common/expression/evaluation.h"
#include "plugins/common/replacer.h"
#include "server/configuration.h"
#include "server/metadata.h"

namespace portolan::expression {
namespace {

using Id = QueryFunctionId;

// In the order of QueryFunctionId.
constexpr QueryFunction kFunctions[] = {
    {"bufsize", Id::bufsize, "", TypeKind::integer},  {"class", Id::klass, "", TypeKind::text},
    {"client_ip", Id::client_ip, "", TypeKind::text}, {"do", Id::dnssec_ok, "", TypeKind::boolean},
    {"group", Id::group, "x", TypeKind::text},        {"id", Id::id, "", TypeKind::integer},
    {"incidr", Id::in_cidr, "ss", TypeKind::boolean}, {"metadata", Id::metadata, "s", TypeKind::text},
    {"name", Id::name, "", TypeKind::text},           {"opcode", Id::opcode, "", TypeKind::integer},
    {"port", Id::port, "", TypeKind::text},           {"proto", Id::proto, "", TypeKind::text},
    {"server_ip", Id::server_ip, "", TypeKind::text}, {"server_port", Id::server_port, "", TypeKind::text},
    {"size", Id::size, "", TypeKind::integer},        {"type", Id::type, "", TypeKind::text},
};
static_assert(kFunctions[static_cast<size_t>(Id::type)].id == Id::type);

Value address(Evaluation& evaluation, const IpAddress& ip) {
  const auto out = evaluation.arena().bytes(INET6_ADDRSTRLEN);
  const auto octets = ip.octets();
  char* text = reinterpret_cast<char*>(out.data());
  inet_ntop(ip.is_v4() ? AF_INET : AF_INET6, octets.data(), text, INET6_ADDRSTRLEN);
  return Value::of(std::string_view(text));
}

Value number_text(Evaluation& evaluation, uint16_t number) {
  return Value::of(TextBuffer(evaluation.arena(), 8).number(number).text());
}

// UDP sockets on every address say so, as in CoreDNS; a TCP connection knows the address that was asked.
Value server_address(Evaluation& evaluation) {
  const server::Query& query = evaluation.query();
  if (query.transport == server::Transport::udp && query.listener().host.empty()) return Value::of("::");
  return address(evaluation, query.local.ip.unmapped());
}

Value in_cidr(Evaluation& evaluation, const Node& node) {
  const Node& asked = node.children[0];
  const bool client = asked.op == Op::call && static_cast<Id>(asked.function) == Id::client_ip;
  IpAddress ip = evaluation.query().client.ip;
  if (!client) {
    const Value text = evaluation.run(asked);
    if (evaluation.failed() || !evaluation.expect(node, text, Kind::text)) return {};
    const auto parsed = IpAddress::parse(text.text());
    if (parsed.has_error()) return evaluation.fail("first argument is not an IP address");
    ip = *parsed;
  }
  if (node.prefix) return Value::of(node.prefix->contains(ip.unmapped()));
  const Value text = evaluation.run(node.children[1]);
  if (evaluation.failed() || !evaluation.expect(node, text, Kind::text)) return {};
  const auto prefix = IpPrefix::parse(text.text());
  if (prefix.has_error()) return evaluation.fail("invalid CIDR address: ", text.text());
  return Value::of(prefix->contains(ip.unmapped()));
}

Value metadata(Evaluation& evaluation, const Node& node) {
  const Value label = evaluation.run(node.children[0]);
  if (evaluation.failed() || !evaluation.expect(node, label, Kind::text)) return {};
  const server::Metadata* known = evaluation.query().metadata;
  return Value::of(known ? known->value(label.text()).value_or("") : std::string_view());
}

// By number or name; anything else names no group.
Value group(Evaluation& evaluation, const Node& node) {
  const Value key = evaluation.run(node.children[0]);
  if (evaluation.failed()) return {};
  std::string_view text;
  if (!evaluation.groups()) return Value::of(text);
  if (key.is_text()) evaluation.groups()->find(key.text(), text);
  if (key.kind() == Kind::integer && key.integer() >= 0) {
    const auto number = static_cast<uint64_t>(key.integer());
    if (number < evaluation.groups()->matches.size()) text = evaluation.groups()->matches[number];
  }
  return Value::of(text);
}

}  // namespace

const QueryFunction* find_query_function(std::string_view name) {
  const auto* found = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                   [&](const QueryFunction& each) { return each.name == name; });
  return found == std::end(kFunctions) ? nullptr : found;
}

const QueryFunction& query_function_of(QueryFunctionId id) { return kFunctions[static_cast<size_t>(id)]; }

Value call_query_function(Evaluation& evaluation, const Node& node) {
  constexpr size_t kShort = 48;  // octets of the texts below, which are made anew for each call
  const server::Query& query = evaluation.query();
  Arena& arena = evaluation.arena();
  if (!evaluation.spend(kShort)) return {};
  switch (static_cast<Id>(node.function)) {
    case Id::bufsize:
      return Value::of(static_cast<int64_t>(query.max_size()));
    case Id::klass:
      return Value::of(arena.copy(std::string_view(dns::text(query.question.cls))));
    case Id::client_ip:
      return address(evaluation, query.client.ip.unmapped());
    case Id::dnssec_ok:
      return Value::of(query.dnssec_ok());
    case Id::group:
      return group(evaluation, node);
    case Id::id:
      return Value::of(int64_t{query.header.id});
    case Id::in_cidr:
      return in_cidr(evaluation, node);
    case Id::metadata:
      return metadata(evaluation, node);
    case Id::name:
      if (!evaluation.spend(query.question.lower.size())) return {};
      return Value::of(name_text(query.question.lower, arena));
    case Id::opcode:
      return Value::of(int64_t{static_cast<uint8_t>(query.header.opcode)});
    case Id::port:
      return number_text(evaluation, query.client.port);
    case Id::proto:
      return Value::of(server::text(query.transport));
    case Id::server_ip:
      return server_address(evaluation);
    case Id::server_port:
      return number_text(evaluation, query.local.port);
    case Id::size:
      return Value::of(static_cast<int64_t>(request_size(query)));
    case Id::type:
      return Value::of(arena.copy(std::string_view(dns::text(query.question.type))));
  }
  return {};
}

}  // namespace portolan::expression
