// For tests: a folder with a shell script in it, which stands for a program that a kubeconfig names.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace portolan::cluster {

class TestScript {
 public:
  /// `body` is run by /bin/sh in the script's own folder.
  explicit TestScript(const std::string& body) {
    std::string pattern = (std::filesystem::temp_directory_path() / "portolan-program-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    write("plugin", "#!/bin/sh\ncd \"${0%/*}\"\n" + body + "\n");
    std::filesystem::permissions(path(), std::filesystem::perms::owner_all);
  }
  ~TestScript() { std::filesystem::remove_all(folder_); }
  TestScript(const TestScript&) = delete;
  TestScript& operator=(const TestScript&) = delete;

  std::string folder() const { return folder_.string(); }
  std::string path() const { return (folder_ / "plugin").string(); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }
  std::string read(const std::string& name) const {
    std::ifstream in(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace portolan::cluster
