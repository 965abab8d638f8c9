// Fuzzes texts of templates: whatever is read must render within its bounds, and twice to the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "plugins/template/text_template.h"
#include "tests/fuzz/sample_query.h"

using namespace portolan;

namespace {

std::string outcome(const templates::TextTemplate& text) {
  SampleQuery sample;
  using expression::Value;
  const Value parts[] = {Value::of("p"), Value::of(int64_t{2}), Value::of(0.5), Value()};
  const Value variables[] = {Value::of("ip"), Value::of("10.1.2.3"), Value::of("parts"),
                             Value::of(std::span<const Value>(parts))};
  templates::Data given;
  given.query = &sample.query;
  given.name = "web.alder.test.";
  given.zone = "alder.test.";
  given.cls = "IN";
  given.type = "AAAA";
  given.remote = "192.0.2.7";
  given.groups = sample.groups;
  given.variables = variables;
  const auto rendered = text.render(given, sample.query.arena());
  if (rendered.text.size() > 64 * 1024) std::abort();
  return std::string(rendered.error.empty() ? rendered.text : rendered.error);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = templates::TextTemplate::parse({reinterpret_cast<const char*>(data), size});
  if (text.has_error()) return 0;
  if (outcome(*text) != outcome(*text)) std::abort();
  return 0;
}
