// One verb of a format and the value that it writes.
#pragma once

#include <string_view>

#include "plugins/common/text_buffer.h"
#include "plugins/template/value.h"

namespace portolan::templates {

struct Verb {
  bool minus = false, plus = false, sharp = false, zero = false, space = false;
  int width = -1;
  int precision = -1;
  std::string_view letter;  // a character, of several octets if need be
};

/// Writes values as one verb after another wants them. For one query on its worker.
class Printer {
 public:
  Printer(TextBuffer& out, const Data& data, Arena& arena) : out_(out), data_(data), arena_(arena) {}
  void print(const Verb& verb, const Value& value);

 private:
  void integer(const Verb& verb, int64_t value);
  void fraction(const Verb& verb, double value);
  void text(const Verb& verb, std::string_view text);
  void elements(const Verb& verb, const Value& value);
  void bad(const Verb& verb, const Value& value);
  void padded(const Verb& verb, std::string_view text, bool zeros = false);

  TextBuffer& out_;
  const Data& data_;
  Arena& arena_;
  unsigned depth_ = 0;
};

/// What Go calls the type of a value, "<nil>" for nil.
std::string_view type_name(const Value& value);

}  // namespace portolan::templates
