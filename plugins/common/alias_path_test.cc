// Where following aliases ends.
#include "plugins/common/alias_path.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using portolan::is_alias_loop;
using portolan::dns::Name;
using portolan::dns::NameView;

namespace {

bool is_loop(const std::string& lower, const std::string& target, const std::vector<std::string>& path) {
  std::vector<Name> names;
  for (const std::string& text : path) names.push_back(Name::parse(text).value());
  const std::vector<NameView> views(names.begin(), names.end());
  const Name from = Name::parse(lower).value(), to = Name::parse(target).value();
  return is_alias_loop(from, to, views);
}

}  // namespace

TEST_CASE("alias path: a name that leads back is not followed") {
  CHECK_FALSE(is_loop("a.test.", "b.test.", {}));
  CHECK(is_loop("a.test.", "a.test.", {}));
  CHECK(is_loop("a.test.", "x.a.test.", {}));
  CHECK_FALSE(is_loop("x.a.test.", "a.test.", {"x.a.test."}));
  CHECK(is_loop("c.test.", "b.test.", {"b.test.", "c.test."}));
}

TEST_CASE("alias path: eleven names are followed, and no twelfth") {
  std::vector<std::string> path;
  for (int i = 0; i < 10; ++i) path.push_back("n" + std::to_string(i) + ".test.");
  CHECK_FALSE(is_loop("n9.test.", "next.test.", path));
  path.push_back("n10.test.");
  CHECK(is_loop("n10.test.", "next.test.", path));
}
