// Go's fmt.Sprintf and Sprint for the values that templates know.
#pragma once

#include <span>
#include <string_view>

#include "plugins/common/text_buffer.h"
#include "plugins/template/value.h"

namespace portolan::templates {

/// Appends `format` with its verbs (%v %s %d %x %X %o %O %b %q %t %c %U %e %f %g %T %%; flags - + # 0 and blank, width,
/// precision, * and [n]) filled in; what does not fit is written as Go does, "%!d(string=a)". Widths and precisions are
/// bounded by 1000, and what comes out by a little more than 64 KiB.
void go_printf(TextBuffer& out, std::string_view format, std::span<const Value> arguments, const Data& data,
               Arena& arena);
/// One value as %v has it.
void go_print(TextBuffer& out, const Value& value, const Data& data, Arena& arena);

}  // namespace portolan::templates
