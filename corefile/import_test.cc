// Imports from the file system: relative paths, wildcards, refusals, and errors that name the imported file.
#include "corefile/import.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/temporary_folder.h"
#include "corefile/parser.h"

namespace fs = std::filesystem;
using namespace portolan::corefile;

namespace {

// A folder of its own, removed at the end.
class Folder : public portolan::TemporaryFolder {
 public:
  // Errors of `text` read as this folder's Corefile, with the folder's path taken out; or the names of all directives.
  std::string read_as_corefile(const std::string& text) const {
    ParserInput input;
    input.path = *this / "Corefile";
    const auto file = parse(text, input);
    std::string out;
    if (!file) {
      for (const auto& error : file.error()) out += (out.empty() ? "" : "\n") + error.message;
    } else {
      for (const ServerBlock& block : file->blocks) {
        out += block.keys[0].text + ":";
        for (const Directive& directive : block.directives) out += " " + directive.name.text;
        out += ";";
      }
      for (const std::string& warning : file->warnings) out += " warning: " + warning;
    }
    for (size_t at = out.find(path()); at != std::string::npos; at = out.find(path()))
      out.replace(at, path().size(), "D");
    return out;
  }
};

}  // namespace

TEST_CASE("import: files, wildcards and nested imports are put in, each relative to the importing file") {
  const Folder folder;
  folder.write("one.conf", "log\n");
  folder.write("two.conf", "errors\ncache");
  folder.write("sub/a.conf", "import b.part\nimport ../one.conf\n");
  folder.write("sub/b.part", "whoami\n");
  folder.write("zones.conf", "x {\n log\n}\ny {\n}\n");
  folder.write("sub/.hidden.inc", "debug\n");
  folder.write("snippets.conf", "(s) {\n loop\n}\n");
  struct Case {
    std::string text, read;
  };
  const Case cases[] = {
      {"a {\n import one.conf\n any\n}\n", "a: log any;"},
      {"a {\n import ?*o*.conf\n}\n",
       "D/Corefile:2 - Error during parsing: Glob pattern may only contain one wildcard "
       "(*), but has others: D/?*o*.conf"},
      {"a {\n import *o*\n}\n",
       "D/Corefile:2 - Error during parsing: Glob pattern may only contain one wildcard (*), but "
       "has others: D/*o*"},
      {"a {\n import t*.conf\n import o*\n}\n", "a: errors cache log;"},
      {"a {\n import ????.conf\n}\n",
       "D/Corefile:2 - Error during parsing: Glob pattern may only contain one wildcard (*), "
       "but has others: D/????.conf"},
      {"a {\n import t?o.conf\n}\n", "a: errors cache;"},
      {"a {\n import sub/a.conf\n}\n", "a: whoami log;"},
      {"a {\n import s*/a.conf\n}\n", "a: whoami log;"},
      {"a {\n import sub/*.inc\n}\n", "a: debug;"},
      {"import zones.conf\n", "x: log;y:;"},
      {"import snippets.conf\na {\n import s\n}\n", "a: loop;"},
      {"import none/*.conf\na\n", "a:; warning: No files matching import glob pattern: none/*.conf"},
      {"a {\n import " + folder / "one.conf" + "\n}\n", "a: log;"},
      {"a {\n import one.conf\n import one.conf\n}\n", "a: log log;"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CHECK(folder.read_as_corefile(c.text) == c.read);
  }
}

TEST_CASE("import: what cannot be read is refused with the file and line of the import") {
  const Folder folder;
  folder.write("self.conf", "import self.conf\n");
  folder.write("ping.conf", "import pong.conf\n");
  folder.write("pong.conf", "\nimport ping.conf\n");
  folder.write("broken.conf", "a {\n x }\n}\nb..c {\n}\n");
  folder.write("back.conf", "import Corefile\n");
  REQUIRE(mkfifo((folder / "pipe.conf").c_str(), 0600) == 0);
  const std::string parsing = " - Error during parsing: ";
  struct Case {
    std::string text, errors;
  };
  const Case cases[] = {
      {"import missing.conf\n", "D/Corefile:1" + parsing + "File to import not found: missing.conf"},
      {"a {\n import missing.conf\n import gone\n}\n", "D/Corefile:2" + parsing +
                                                           "File to import not found: missing.conf\nD/Corefile:3" +
                                                           parsing + "File to import not found: gone"},
      {"import .\n", "D/Corefile:1" + parsing + "Could not import D: is a directory"},
      {"import pipe.conf\n", "D/Corefile:1" + parsing + "Could not import D/pipe.conf: is not a regular file"},
      {"import *.*.conf\n",
       "D/Corefile:1" + parsing + "Glob pattern may only contain one wildcard (*), but has others: D/*.*.conf"},
      {"import a[bc].conf\n",
       "D/Corefile:1" + parsing + "Glob pattern may only contain one wildcard (*), but has others: D/a[bc].conf"},
      {"import a[.conf\n", "D/Corefile:1" + parsing + "Failed to use import pattern a[.conf: syntax error in pattern"},
      {"import self.conf\n",
       "D/self.conf:1" + parsing + "import of D/self.conf within itself: D/self.conf -> D/self.conf"},
      {"import ping.conf\n",
       "D/pong.conf:2" + parsing + "import of D/ping.conf within itself: D/ping.conf -> D/pong.conf -> D/ping.conf"},
      {"import broken.conf\n", "D/broken.conf:2" + parsing +
                                   "Unexpected '}' because no matching opening brace\nD/broken.conf:4" + parsing +
                                   "zone is not a valid domain name: b..c"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CHECK(folder.read_as_corefile(c.text) == c.errors);
  }
}

TEST_CASE("import: what the system says of a file is told in Go's words") {
  const Folder folder;
  const std::string path = folder / "loop.conf";
  REQUIRE(symlink("loop.conf", path.c_str()) == 0);
  const auto read = read_import(path, 1000);
  REQUIRE(read.has_error());
  CHECK(read.error().message == "Could not import " + path + ": open " + path + ": too many levels of symbolic links");
}

TEST_CASE("import: a file that imports the Corefile is refused at once") {
  const Folder folder;
  folder.write("back.conf", "import Corefile\n");
  folder.write("Corefile", "import back.conf\n");
  CHECK(folder.read_as_corefile("import back.conf\n") ==
        "D/back.conf:1 - Error during parsing: import of D/Corefile within itself: D/Corefile -> D/back.conf -> "
        "D/Corefile");
}

TEST_CASE("import: a file larger than the room left is refused") {
  const Folder folder;
  folder.write("large.conf", std::string(1000, 'x'));
  CHECK(read_import(folder / "large.conf", 1000)->size() == 1000);
  CHECK_FALSE(read_import(folder / "large.conf", 999).has_value());
}
