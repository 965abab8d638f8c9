// Fuzzes the Corefile reader: no text may crash or hang it, and what it accepts must print as a text that reads the
// same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "corefile/check.h"
#include "corefile/parser.h"
#include "corefile/print.h"

using namespace portolan::corefile;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ParserInput input;
  input.environment = [](const char*) -> const char* { return nullptr; };
  input.allow_import = false;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto file = parse(text, input);
  if (!file) return 0;

  constexpr KnownDirective kKnown[] = {{"errors", true}, {"route53", false}, {"whoami", true}};
  check_directives(*file, kKnown);
  lint(*file);

  input.expand_environment = false;
  const std::string printed = print(*file);
  const auto again = parse(printed, input);
  if (!again || print(*again) != printed) std::abort();
  return 0;
}
