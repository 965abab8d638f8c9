// Fuzzes expressions: whatever compiles must evaluate within its bounds, and twice to the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/fuzz/sample_query.h"

using namespace portolan;

namespace {

std::string outcome(const expression::Program& program) {
  SampleQuery sample;
  const expression::Value values[] = {expression::Value::of("10.1.2.3"), expression::Value()};
  const auto result = program.evaluate(sample.query, values, &sample.groups);
  if (!result.error.empty()) return "failed: " + std::string(result.error);
  TextBuffer text(sample.query.arena());
  append_text(text, result.value);
  return std::string(text.text());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const expression::Variable kVariables[] = {{"ip", {expression::TypeKind::text, {}}}, {"unset", {}}};
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  const auto program = expression::Program::compile(source, {kVariables, true});
  if (program.has_error()) {
    if (program.error().message.empty() || program.error().message.find('\n') != std::string::npos) std::abort();
    return 0;
  }
  if (outcome(*program) != outcome(*program)) std::abort();
  return 0;
}
