// resolv.conf(5): `nameserver ADDRESS`, `#` and `;` begin comments.
#include "plugins/forward/resolv_conf.h"

#include <net/if.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <sstream>

#include "base/error_text.h"

namespace portolan::forward {

std::vector<SocketAddress> parse_resolv_conf(std::string_view text) {
  std::vector<SocketAddress> servers;
  std::istringstream lines{std::string(text)};
  std::string line;
  while (std::getline(lines, line)) {
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    std::istringstream words(line);
    std::string keyword, address;
    if (!(words >> keyword >> address) || keyword != "nameserver") continue;
    uint32_t scope = 0;
    if (const size_t percent = address.find('%'); percent != std::string::npos) {
      scope = if_nametoindex(address.c_str() + percent + 1);
      address.resize(percent);
    }
    if (const auto parsed = IpAddress::parse(address)) servers.push_back({*parsed, 53, scope});
  }
  return servers;
}

Result<std::vector<SocketAddress>> read_resolv_conf(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return fail("open " + path + ": " + error_text(errno));
  if (!S_ISREG(status.st_mode)) return fail("open " + path + ": not a regular file");
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return fail("read " + path + ": " + error_text(errno));
  return parse_resolv_conf(text.str());
}

}  // namespace portolan::forward
