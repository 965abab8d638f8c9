// Bodies of the requests that bring spans to a collector.
#pragma once

#include <span>
#include <string>

#include "plugins/trace/options.h"
#include "plugins/trace/span.h"

namespace portolan::trace {

struct Body {
  std::string octets;
  std::string content_type;
  size_t traces = 0;  // what Datadog's agent is told beside the body
};

/// What `options.format` wants to be sent of `spans`.
Body format_spans(std::span<const Span> spans, const Options& options);

}  // namespace portolan::trace
