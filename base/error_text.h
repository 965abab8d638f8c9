// What a system call failed with, in words.
#pragma once

#include <string>

namespace portolan {

/// The C library's text of an `errno`, with a small first letter: so Go has them, and operators grep for those.
std::string error_text(int number);

}  // namespace portolan
