// Requests through nlohmann_json, replies through simdjson: those are large. Numbers of 64 bits are strings in this
// JSON.
#include "plugins/etcd/gateway.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/base64.h"

namespace portolan::etcd {
namespace {

using simdjson::dom::element;

// As long as CoreDNS waits for an answer of etcd's.
constexpr std::chrono::seconds kPatience{5};
// An idle watch says nothing for ever; whether etcd is still there is found out by other means (Tender).
constexpr std::chrono::hours kWatchPatience{24 * 20};  // in milliseconds it fits into an int
constexpr size_t kMostReply = 64u << 20;

// gRPC's status codes.
constexpr int64_t kNotFound = 5, kDenied = 7, kFailedPrecondition = 9, kOutOfRange = 11, kUnauthenticated = 16;

std::optional<element> member(const element& value, std::string_view key) {
  element found;
  if (value.is_object() && value.at_key(key).get(found) == simdjson::SUCCESS && !found.is_null()) return found;
  return std::nullopt;
}

std::string_view text(const element& value, std::string_view key) {
  const auto found = member(value, key);
  std::string_view result;
  return found && found->get(result) == simdjson::SUCCESS ? result : std::string_view();
}

int64_t number(const element& value, std::string_view key) {
  const auto found = member(value, key);
  int64_t result = 0;
  if (!found) return 0;
  if (found->get(result) == simdjson::SUCCESS) return result;
  const std::string_view digits = text(value, key);
  std::from_chars(digits.data(), digits.data() + digits.size(), result);
  return result;
}

bool truth(const element& value, std::string_view key) {
  const auto found = member(value, key);
  bool result = false;
  return found && found->get(result) == simdjson::SUCCESS && result;
}

Header read_header(const element& value) {
  Header header;
  if (const auto found = member(value, "header")) {
    header.cluster = text(*found, "cluster_id");
    header.revision = number(*found, "revision");
  }
  return header;
}

Result<KeyValue> read_key_value(const element& value) {
  auto key = base64_decoded(text(value, "key"));
  auto content = base64_decoded(text(value, "value"));
  if (!key || !content || key->empty()) return fail("a key or value is not base64");
  return KeyValue{std::move(*key), std::move(*content), number(value, "lease"), number(value, "mod_revision")};
}

Error no_json(simdjson::error_code error) {
  return fail("a reply is no JSON: " + std::string(simdjson::error_message(error)));
}

/// What an error says: {"code", "message"}, with grpc-gateway's older names too, inside "error" or not.
Answer read_error(std::string_view json, std::string otherwise) {
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS)
    return {Fault::unreachable, std::move(otherwise)};
  const auto inner = member(root, "error");
  const element error = inner && inner->is_object() ? *inner : root;
  const int64_t code = std::max(number(error, "code"), number(error, "grpc_code"));
  std::string_view message = text(error, "message");
  if (message.empty()) message = text(root, "error");
  if (message.empty()) return {Fault::unreachable, std::move(otherwise)};
  Answer answer{Fault::other, std::string(message)};
  if (code == kUnauthenticated || message.find("revision of auth store is old") != message.npos ||
      message.find("user name is empty") != message.npos) {
    answer.fault = Fault::unauthenticated;
  } else if (code == kDenied) {
    answer.fault = Fault::denied;
  } else if (code == kOutOfRange && message.find("compacted") != message.npos) {
    answer.fault = Fault::compacted;
  } else if (code == kFailedPrecondition && message.find("authentication is not enabled") != message.npos) {
    answer.fault = Fault::not_enabled;
  }
  return answer;
}

nlohmann::json range_as_json(const Range& range) {
  nlohmann::json json{{"key", base64_encoded(range.key)}};
  if (!range.end.empty()) json["range_end"] = base64_encoded(range.end);
  return json;
}

}  // namespace

Result<Page> read_page(std::string_view json) {
  simdjson::dom::parser parser;
  element root;
  if (const auto error = parser.parse(json.data(), json.size()).get(root); error != simdjson::SUCCESS) {
    return no_json(error);
  }
  Page page;
  page.header = read_header(root);
  page.more = truth(root, "more");
  if (page.header.revision <= 0) return fail("a reply has no revision");
  simdjson::dom::array values;
  if (const auto found = member(root, "kvs"); found && found->get(values) == simdjson::SUCCESS) {
    for (const element value : values) {
      auto read = read_key_value(value);
      if (!read) return read.error();
      page.values.push_back(std::move(*read));
    }
  }
  return page;
}

Result<WatchMessage> read_watch_message(std::string_view json) {
  simdjson::dom::parser parser;
  element root;
  if (const auto error = parser.parse(json.data(), json.size()).get(root); error != simdjson::SUCCESS) {
    return no_json(error);
  }
  const auto result = member(root, "result");
  if (!result) return fail(read_error(json, "a message of a watch has no result").problem);
  WatchMessage message;
  message.header = read_header(*result);
  message.watch = number(*result, "watch_id");
  message.created = truth(*result, "created");
  message.canceled = truth(*result, "canceled");
  message.compacted = number(*result, "compact_revision");
  message.reason = text(*result, "cancel_reason");
  simdjson::dom::array events;
  if (const auto found = member(*result, "events"); found && found->get(events) == simdjson::SUCCESS) {
    for (const element event : events) {
      const auto value = member(event, "kv");
      if (!value) return fail("an event of a watch has no key");
      auto read = read_key_value(*value);
      if (!read) return read.error();
      message.events.push_back({text(event, "type") != "DELETE", std::move(*read)});
    }
  }
  return message;
}

cluster::HttpRequest Gateway::request(std::string_view api, std::string body) const {
  cluster::HttpRequest wanted{.method = "POST",
                              .path = "/v3/" + std::string(api),
                              .headers = {{"Content-Type", "application/json"},
                                          {"Accept-Encoding", "identity"},
                                          {"User-Agent", "portolan/" PORTOLAN_VERSION}},
                              .body = std::move(body)};
  if (!token_.empty()) wanted.headers.emplace_back("Authorization", token_);
  return wanted;
}

Answer Gateway::call(std::string_view api, std::string body, std::string& reply) {
  return call(api, std::move(body), reply, kPatience);
}

Answer Gateway::call(std::string_view api, std::string body, std::string& reply, std::chrono::milliseconds patience) {
  reply.clear();
  bool too_large = false;
  const auto got =
      client_.send(request(api, std::move(body)), patience, {nullptr, [&](std::string_view piece) {
                                                               too_large = reply.size() + piece.size() > kMostReply;
                                                               if (!too_large) reply.append(piece);
                                                               return !too_large;
                                                             }});
  if (too_large) return {Fault::too_large, "a reply is larger than 64 MiB"};
  if (got.status == 200 && got.problem.empty()) return {};
  if (got.status == 0 || got.status == 200) return {Fault::unreachable, got.problem, got.silent};
  if (got.status == 404) {
    return {Fault::unreachable, "there is no /v3/: etcd 3.4 or later is needed, with its gRPC gateway enabled"};
  }
  return read_error(got.body, "HTTP status " + std::to_string(got.status));
}

Answer Gateway::authenticate(const std::string& user, const std::string& password) {
  token_.clear();
  std::string reply;
  const nlohmann::json body{{"name", user}, {"password", password}};
  const auto replaced = nlohmann::json::error_handler_t::replace;
  if (const Answer answer = call("auth/authenticate", body.dump(-1, ' ', false, replaced), reply); !answer.ok()) {
    return answer;
  }
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(reply).get(root) == simdjson::SUCCESS) token_ = text(root, "token");
  if (token_.empty()) return {Fault::unreachable, "no token was given"};
  return {};
}

Answer Gateway::read(const Range& range, int64_t revision, int limit, Page& page) {
  nlohmann::json body = range_as_json(range);
  body["limit"] = std::to_string(limit);
  if (revision > 0) body["revision"] = std::to_string(revision);
  std::string reply;
  if (const Answer answer = call("kv/range", body.dump(), reply); !answer.ok()) return answer;
  auto read = read_page(reply);
  if (!read) return {Fault::unreachable, read.error().message};
  page = std::move(*read);
  return {};
}

Answer Gateway::confirm(const Range& range, std::chrono::milliseconds patience) {
  nlohmann::json body = range_as_json(range);
  body["limit"] = "1";
  body["keys_only"] = true;
  std::string reply;
  if (const Answer answer = call("kv/range", body.dump(), reply, patience); !answer.ok()) return answer;
  if (auto read = read_page(reply); !read) return {Fault::unreachable, read.error().message};
  return {};
}

Answer Gateway::time_to_live(int64_t lease, std::optional<int64_t>& seconds, int64_t& granted) {
  std::string reply;
  const nlohmann::json body{{"ID", std::to_string(lease)}};
  seconds.reset();
  if (const Answer answer = call("lease/timetolive", body.dump(), reply); !answer.ok()) return answer;
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(reply).get(root) != simdjson::SUCCESS) return {Fault::unreachable, "a reply is no JSON"};
  granted = number(root, "grantedTTL");
  if (const int64_t left = number(root, "TTL"); left > 0) seconds = left;
  return {};
}

Answer Gateway::watch(const std::vector<Range>& ranges, const std::vector<int64_t>& from,
                      const std::function<bool(WatchMessage&&)>& each) {
  std::string body;
  for (size_t i = 0; i < ranges.size(); ++i) {
    nlohmann::json create = range_as_json(ranges[i]);
    create["watch_id"] = std::to_string(i + 1);
    create["start_revision"] = std::to_string(from[i]);
    body += nlohmann::json{{"create_request", std::move(create)}}.dump() + "\n";
  }
  Answer answer;
  cluster::LineCutter lines;
  const auto take = [&](std::string_view line) {
    auto message = read_watch_message(line);
    if (message) return each(std::move(*message));
    answer = read_error(line, message.error().message);
    return false;
  };
  bool enough = false;
  const auto got = client_.send(request("watch", std::move(body)), kWatchPatience,
                                {nullptr, [&](std::string_view piece) {
                                   const auto fed = lines.feed(piece, take);
                                   if (!fed) answer = {Fault::too_large, fed.error().message};
                                   enough = !fed || !*fed;
                                   return !enough;
                                 }});
  if (enough) return answer;
  if (got.status == 200) return {Fault::unreachable, got.problem.empty() ? "the watch has ended" : got.problem};
  if (got.status == 0) return {Fault::unreachable, got.problem};
  return read_error(got.body, "HTTP status " + std::to_string(got.status));
}

}  // namespace portolan::etcd
