// Metadata: what plugins know about a query, for others to read: labels such as "kubernetes/namespace", each with a
// text. A query has some only where its server block has the `metadata` directive; it all lies in the query's arena.
#pragma once

#include <optional>
#include <string_view>

#include "base/arena.h"

namespace portolan::server {

/// What one plugin knows of one query, as it was when the query came; values are made when somebody asks for them. Lies
/// in the query's arena with everything it needs, so that it holds across suspensions.
class MetadataSource {
 public:
  /// The value of `label`, in `arena` or as long-lived as the source; nothing when the source does not know the label.
  virtual std::optional<std::string_view> value(std::string_view label, Arena& arena) const = 0;
  /// A copy that lies in `arena`.
  virtual const MetadataSource* clone(Arena& arena) const = 0;

 protected:
  ~MetadataSource() = default;  // in an arena: never called
};

/// Used by the worker of its query only.
class Metadata {
 public:
  explicit Metadata(Arena& arena) : arena_(arena), entries_(arena) {}

  /// The value of `label`; nothing when no plugin has set it. An empty value is one.
  std::optional<std::string_view> value(std::string_view label) const;
  /// Sets one label, "PLUGIN/NAME", which outlives the query; what it was before is forgotten. `text` is copied.
  void set(std::string_view label, std::string_view text);
  /// Adds the labels of `source`, which lies in this arena.
  void add(const MetadataSource& source) { entries_.push_back({{}, {}, &source}); }
  /// The same labels with the same values, in `arena`.
  Metadata* clone(Arena& arena) const;

 private:
  struct Entry {
    std::string_view label, text;
    const MetadataSource* source = nullptr;  // instead of the two
  };

  Arena& arena_;
  ArenaVector<Entry> entries_;
};

}  // namespace portolan::server
