// resolv.conf(5): `search DOMAIN...` and `domain DOMAIN` exclude each other, the last line counts.
#include "plugins/common/search_domains.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/error_text.h"

namespace portolan {

Result<std::vector<dns::Name>> parse_search_domains(std::string_view text) {
  std::vector<dns::Name> domains;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string keyword, word;
    if (!(words >> keyword) || (keyword != "search" && keyword != "domain")) continue;
    domains.clear();
    while (words >> word) {
      const auto domain = dns::Name::parse(word);
      if (!domain) return fail("\"" + word + "\" is no search domain: " + domain.error().message);
      domains.push_back(domain->lower());
      if (keyword == "domain") break;
    }
  }
  return {boost::system::in_place_value, std::move(domains)};
}

Result<std::vector<dns::Name>> read_search_domains(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return fail("open " + path + ": " + error_text(errno));
  if (!S_ISREG(status.st_mode)) return fail("open " + path + ": not a regular file");
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return fail("read " + path + ": " + error_text(errno));
  return parse_search_domains(text.str());
}

}  // namespace portolan
