// Go's fmt.Sprintf for the values that templates know.
#pragma once

#include <span>
#include <string_view>

#include "plugins/common/text_buffer.h"
#include "plugins/template/value.h"

namespace portolan::templates {

/// Appends `format` with its verbs (%s %v %d %x %X %o %b %q %t %c %%; flags - + # 0 and blank, width, precision) filled
/// in; what does not fit is written as Go does, "%!d(string=a)". Widths are bounded by 1000.
void go_printf(TextBuffer& out, std::string_view format, std::span<const Value> arguments, const Data& data,
               Arena& arena);

}  // namespace portolan::templates
