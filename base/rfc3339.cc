// strptime reads the date and time of day; fraction and offset follow.
#include "base/rfc3339.h"

#include <cstdio>
#include <ctime>
#include <string>

namespace portolan {

double rfc3339_seconds(std::string_view text) {
  std::tm when{};
  const std::string copy(text);
  const char* rest = strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &when);
  if (!rest) return -1;
  double fraction = 0;
  if (*rest == '.') {
    double place = 0.1;
    for (++rest; *rest >= '0' && *rest <= '9'; ++rest, place /= 10) fraction += (*rest - '0') * place;
  }
  double offset = 0;
  if (*rest == '+' || *rest == '-') {
    int hours = 0, minutes = 0;
    if (std::sscanf(rest + 1, "%2d:%2d", &hours, &minutes) != 2) return -1;
    offset = (hours * 3600 + minutes * 60) * (*rest == '-' ? -1.0 : 1.0);
  } else if (*rest != 'Z' || rest[1] != '\0') {
    return -1;
  }
  return static_cast<double>(timegm(&when)) + fraction - offset;
}

}  // namespace portolan
