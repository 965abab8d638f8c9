// Writes a syntax tree back as a Corefile: what is in force once imports, snippets and the environment are put in.
#pragma once

#include <string>

#include "corefile/ast.h"

namespace portolan::corefile {

/// A Corefile that parses to the same tree with ParserInput::expand_environment off. Only a value from the environment
/// that no word can hold (blanks and an odd number of backslashes at its end) comes out with one backslash more.
std::string print(const File& file);

/// `text` as one word of the language, in quotes where it needs them.
std::string word(const std::string& text);

}  // namespace portolan::corefile
