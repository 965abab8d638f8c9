// The directive `root PATH`: the folder that relative file names of the block's other plugins start from. It adds no
// handler; it stands first in the table, so that every other plugin sees it.
#include "server/setup.h"

#include <sys/stat.h>

#include <cerrno>

#include "base/error_text.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::Option;

constexpr Arg kPathArgs[] = {{.name = "PATH"}};
constexpr Option kOptions[] = {
    {.name = "", .args = kPathArgs, .required = 1, .help = "folder that relative file names start from"}};

Result<void> setup(server::Setup& setup) {
  const corefile::OptionUse& use = setup.directives().back().uses.front();
  const std::string& path = use.text();
  setup.block().root_ = path;
  struct stat found{};
  if (!setup.checking() && stat(path.c_str(), &found) != 0) {
    if (errno != ENOENT) {
      return setup.error(use.at, "unable to access root path '" + path + "': " + error_text(errno));
    }
    setup.warn(use.at, "Root path does not exist: " + path);  // it may come later
  }
  return {};
}

}  // namespace

extern const server::Plugin root_plugin;
const server::Plugin root_plugin{.name = "root", .setup = setup, .options = kOptions};

}  // namespace portolan
