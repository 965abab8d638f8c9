// From Kubernetes' JSON to the objects of objects.h, one at a time: only the fields that DNS uses are read.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cluster/objects.h"

namespace portolan::cluster {

/// One event of a watch.
struct Event {
  enum class Type : uint8_t { added, modified, deleted, bookmark, error };
  Type type = Type::error;
  std::optional<Object>
      object;  // added, modified, deleted; nothing when it could not be understood: `message` says why
  std::string resource_version;     // also of a bookmark
  bool initial_events_end = false;  // the bookmark that ends a streaming list
  int code = 0;                     // error: the Status' code (410: the resource version is too old)
  std::string message;
};

/// By what the API server calls it.
std::optional<Event::Type> event_type(std::string_view name);

/// What stands around the items of a list.
struct ListMetadata {
  std::string resource_version;
  std::string continue_token;  // more pages follow
};

/// What an error reply of the API server says in its body.
struct StatusReply {
  std::string reason;
  std::string message;
};

/// Decodes JSON text. Keeps its buffers between calls, so one thread uses one decoder.
class Decoder {
 public:
  Decoder();
  ~Decoder();
  Decoder(Decoder&&) noexcept;

  /// One object of `kind`. What an API server fills in by default is filled in.
  Result<Object> object(Kind kind, std::string_view json);
  /// One event of a watch of `kind`.
  Result<Event> event(Kind kind, std::string_view json);
  /// A list's `metadata` object.
  Result<ListMetadata> list_metadata(std::string_view json);
  /// The body of an error reply; both empty when it is no Status.
  StatusReply status(std::string_view json);

  /// Receives the objects of a manifest: whatever kinds are known, those inside lists too.
  class Receiver {
   public:
    virtual ~Receiver() = default;
    virtual void take(Object&& object) = 0;
  };
  /// A document of a manifest, of any kind; unknown kinds are passed over.
  Result<void> document(std::string_view json, Receiver& receiver);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace portolan::cluster
