// The few words the syntax tree can say of itself.
#include "corefile/ast.h"

namespace portolan::corefile {

std::string Position::text() const { return (file ? *file : std::string("Corefile")) + ":" + std::to_string(line); }

}  // namespace portolan::corefile
