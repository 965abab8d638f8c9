// Reads a Corefile: lexing, `{$ENV}`, snippets, `import`, server blocks and their keys.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "corefile/ast.h"

namespace portolan::corefile {

/// Where the parser gets what lies outside the text, so that tests give their own.
struct ParserInput {
  std::string path = "Corefile";
  std::function<const char*(const char*)> environment = nullptr;  // nullptr: getenv
  bool expand_environment = true;  // false: `{$NAME}` stays as it is, for a text that was expanded before
  bool allow_import = true;        // false: importing a file is an error and no file is touched; snippets still work
};

/// A Corefile that cannot be read, with every error found (each starts with `FILE:LINE - `).
using ParseResult = boost::system::result<File, std::vector<Error>>;

/// Parses `text`. Relative imports are looked for beside the importing file, as CoreDNS does. An empty text gives no
/// blocks.
ParseResult parse(std::string_view text, const ParserInput& input);

/// What could be read of a text, and every error on the way. `file` is whole when `errors` is empty.
struct Reading {
  File file;
  std::vector<Error> errors;
};

/// As `parse`, but keeps what was understood beside the errors, so that `-check` can report on the rest as well.
Reading read(std::string_view text, const ParserInput& input);

}  // namespace portolan::corefile
