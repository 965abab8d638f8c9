// From Kubernetes' protobuf to the objects of objects.h: the twin of decode.h, which gives the same values from JSON.
// A whole reply, and an object inside a watch event, is "k8s\0" and a runtime.Unknown; an item of a list is bare.
#pragma once

#include <string_view>

#include "base/result.h"
#include "cluster/decode.h"
#include "cluster/objects.h"

namespace portolan::cluster::protobuf {

constexpr std::string_view kMagic{"k8s\0", 4};

/// A bare message of `kind`, as the items of a list are.
Result<Object> object(Kind kind, std::string_view message);
/// A meta.v1.WatchEvent about an object of `kind`.
Result<Event> event(Kind kind, std::string_view message);
/// A bare meta.v1.ListMeta.
Result<ListMetadata> list_metadata(std::string_view message);
/// The body of an error reply; both empty when it is no Status.
StatusReply status(std::string_view body);

}  // namespace portolan::cluster::protobuf
