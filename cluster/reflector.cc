// The loop of list and watch: streaming list where the server has it, else pages; resumption after a cut; relist after
// 410.
#include "cluster/reflector.h"

#include <algorithm>

#include "base/log.h"
#include "base/random.h"
#include "cluster/stream.h"

namespace portolan::cluster {
namespace {

/// Bookmarks come about once a minute, so a watch that is silent for longer than this is dead.
constexpr std::chrono::seconds kWatchSilence{150};
constexpr std::chrono::seconds kListSilence{30};
constexpr uint32_t kShortestWatch = 300;  // seconds; as client-go, a watch lasts 5 to 10 minutes

bool too_large_version(std::string_view message) {
  return message.find("Too large resource version") != std::string_view::npos;
}

}  // namespace

Resource resource(Kind kind, const Wanted& wanted) {
  Resource found;
  found.kind = kind;
  std::string labels = wanted.label_selector;
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
      found.plural = "endpointslices";
      break;
    case Kind::namespace_:
      found.plural = "namespaces";
      labels = wanted.namespace_label_selector;
      break;
  }
  found.path = (kind == Kind::endpoint_slice ? "/apis/discovery.k8s.io/v1/" : "/api/v1/") + found.plural;
  if (!labels.empty()) found.selection += "&labelSelector=" + query_escape(labels);
  return found;
}

Reflector::Reflector(Resource wanted, ApiServer server, Gate& gate, Sink& sink, Pace pace)
    : resource_(std::move(wanted)),
      gate_(gate),
      sink_(sink),
      pace_(std::move(pace)),
      client_(std::move(server)),
      backoff_(pace_.first_pause, pace_.longest_pause) {}

void Reflector::run() {
  while (!gate_.stopped()) {
    progress_ = false;
    retry_after_ = {};
    End end = stream(version_.empty());
    if (end == End::refused) end = list();
    if (end == End::gone) version_.clear();
    if (progress_) {
      backoff_.reset();
      if (end != End::failed) continue;
    }
    const auto pause = backoff_.pause(pace_.random ? pace_.random() : fast_random64());
    if (!gate_.sleep(std::max<std::chrono::nanoseconds>(pause, retry_after_))) return;
  }
}

/// A watch that resumes at version_, or one that begins with all objects and says where they end.
Reflector::End Reflector::stream(bool initial) {
  const uint64_t random = pace_.random ? pace_.random() : fast_random64();
  std::string query = "?watch=true&allowWatchBookmarks=true&timeoutSeconds=" +
                      std::to_string(kShortestWatch + random % (kShortestWatch + 1));
  query += initial ? "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                   : "&resourceVersion=" + query_escape(version_);
  snapshot_open_ = false;
  bool syncing = initial;
  End end = End::clean;
  LineCutter cutter;
  const Reply reply = request(query, kWatchSilence, [&](std::string_view piece) {
    if (syncing && !snapshot_open_) open_snapshot();
    const auto fed = cutter.feed(piece, [&](std::string_view line) { return take_event(line, syncing, end); });
    if (!fed) end = broken("watch", fed.error().message);
    return fed.has_value() && *fed;
  });
  if (end != End::clean) return end;
  end = judge(reply, "watch");
  if (end == End::clean && syncing) return End::refused;  // it ended without saying that all has been sent
  return end;
}

/// One event. False: the stream is of no more use, `end` says why.
bool Reflector::take_event(std::string_view line, bool& syncing, End& end) {
  auto event = decoder_.event(resource_.kind, line);
  if (!event) {
    end = broken("watch", event.error().message);
    return false;
  }
  switch (event->type) {
    case Event::Type::error:
      end = event->code == 410 || too_large_version(event->message)
                ? End::gone
                : broken("watch", std::to_string(event->code) + " " + event->message);
      return false;
    case Event::Type::bookmark:
      if (syncing && event->initial_events_end) {
        syncing = false;
        close_snapshot(event->resource_version);
      }
      break;
    case Event::Type::deleted:
      if (event->object) {
        const Metadata& meta = metadata(*event->object);
        sink_.remove(resource_.kind, meta.space, meta.name);
      } else {
        take_object(fail(event->message));
      }
      break;
    case Event::Type::added:
    case Event::Type::modified:
      take_object(event->object ? Result<Object>(std::move(*event->object)) : Result<Object>(fail(event->message)));
      break;
  }
  progress_ = true;
  if (!syncing && !event->resource_version.empty()) version_ = event->resource_version;
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
  ListCutter cutter;
  End end = End::clean;
  const ListCutter::Receiver receiver{
      [&](std::string_view item) { take_object(decoder_.object(resource_.kind, item)); },
      [&](std::string_view text) {
        if (auto decoded = decoder_.list_metadata(text)) meta = std::move(*decoded);
      }};
  const Reply reply = request(query, kListSilence, [&](std::string_view piece) {
    if (!snapshot_open_) open_snapshot();
    const auto fed = cutter.feed(piece, receiver);
    if (!fed) end = broken("list", fed.error().message);
    return fed.has_value();
  });
  if (end != End::clean) return end;
  if (end = judge(reply, "list"); end != End::clean) return end;
  if (!cutter.complete() || meta.resource_version.empty()) return broken("list", "the reply is no complete list");
  return End::clean;
}

Reply Reflector::request(const std::string& query, std::chrono::seconds silence,
                         const std::function<bool(std::string_view)>& body) {
  if (!gate_.enter()) {
    Reply stopped;
    stopped.problem = "stopped";
    return stopped;
  }
  return client_.get(resource_.path + query + resource_.selection, silence,
                     {[this](int status) {
                        gate_.leave();
                        if (status == 200) sink_.connection(resource_.kind, true, {});
                      },
                      [&](std::string_view piece) {
                        if (gate_.stopped()) return false;
                        sink_.connection(resource_.kind, true, {});
                        return body(piece);
                      }});
}

/// What a reply means.
Reflector::End Reflector::judge(const Reply& reply, std::string_view verb) {
  if (reply.status == 410) return End::gone;
  if (reply.status == 200 && reply.problem.empty()) return End::clean;
  if (reply.status == 0 || reply.status == 200) return broken(verb, reply.problem);
  retry_after_ = reply.retry_after;
  const StatusReply status = decoder_.status(reply.body);
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

void Reflector::open_snapshot() {
  snapshot_open_ = true;
  sink_.begin_snapshot(resource_.kind);
}

void Reflector::close_snapshot(const std::string& version) {
  sink_.end_snapshot(resource_.kind);
  version_ = version;
  progress_ = true;
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
