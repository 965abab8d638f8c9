// The words operators grep for.
#include "base/error_text.h"

#include <doctest/doctest.h>

#include <cerrno>

namespace portolan {

TEST_CASE("error text: texts of errno have Go's small first letter") {
  CHECK(error_text(ENOENT) == "no such file or directory");
  CHECK(error_text(EACCES) == "permission denied");
}

}  // namespace portolan
