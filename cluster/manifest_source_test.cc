// Files that change while they are watched, in the ways editors and ConfigMap mounts change them.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/temporary_folder.h"
#include "cluster/recording_sink.h"
#include "cluster/source.h"

namespace portolan::cluster {
namespace {

namespace fs = std::filesystem;

using Folder = TemporaryFolder;

std::string service(const std::string& name, const std::string& ip) {
  return "---\n{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"" + name +
         "\"},\"spec\":{\"clusterIP\":\"" + ip + "\"}}\n";
}

Wanted services_only() {
  Wanted wanted;
  wanted.endpoint_slices = wanted.namespaces = false;
  return wanted;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("manifest source: a folder is a snapshot, then changes") {
  const Folder folder;
  folder.write("b.yaml", service("b", "10.0.0.2"));
  folder.write("a.yml", service("a", "10.0.0.1"));
  folder.write("ignored.txt", service("c", "10.0.0.3"));
  RecordingSink sink;
  const auto source = manifests_source({folder.path()}, services_only());
  REQUIRE(source->start(sink).has_value());
  REQUIRE(sink.saw("end service"));
  CHECK(sink.take() ==
        Lines{"begin service", "apply service default/a 10.0.0.1", "apply service default/b 10.0.0.2", "end service"});

  folder.write("a.yml", service("a", "10.0.0.9"));  // in place
  CHECK(sink.saw("apply service default/a 10.0.0.9"));
  folder.write("new.json.tmp", service("d", "10.0.0.4"));  // replaced by rename, as editors do
  fs::rename(folder / "new.json.tmp", folder / "new.json");
  CHECK(sink.saw("apply service default/d 10.0.0.4"));
  fs::remove(folder / "b.yaml");
  CHECK(sink.saw("remove service default/b"));
  CHECK(sink.take() ==
        Lines{"apply service default/a 10.0.0.9", "apply service default/d 10.0.0.4", "remove service default/b"});
  CHECK(sink.saw_connection("up service"));
  source->stop();
}

TEST_CASE("manifest source: a broken file keeps its last good objects, others go on") {
  const Folder folder;
  folder.write("a.yaml", service("a", "10.0.0.1"));
  RecordingSink sink;
  const auto source = manifests_source({folder.path()}, services_only());
  REQUIRE(source->start(sink).has_value());
  REQUIRE(sink.saw("end service"));
  folder.write("a.yaml", "kind: [");
  folder.write("b.yaml", service("b", "10.0.0.2"));
  CHECK(sink.saw("apply service default/b 10.0.0.2"));
  folder.write("a.yaml", service("a", "10.0.0.3"));
  CHECK(sink.saw("apply service default/a 10.0.0.3"));
  for (const std::string& line : sink.take()) CHECK(line.find("remove") == line.npos);
}

TEST_CASE("manifest source: a ConfigMap's swapped link is seen, for the folder and for a file in it") {
  for (const bool whole_folder : {true, false}) {
    CAPTURE(whole_folder);
    const Folder folder;
    for (const char* version : {"..1", "..2"}) fs::create_directory(folder / version);
    folder.write("..1/cluster.yaml", service("a", "10.0.0.1"));
    folder.write("..2/cluster.yaml", service("a", "10.0.0.2"));
    fs::create_symlink("..1", folder / "..data");
    fs::create_symlink("..data/cluster.yaml", folder / "cluster.yaml");
    RecordingSink sink;
    const auto source = manifests_source({whole_folder ? folder.path() : folder / "cluster.yaml"}, services_only());
    REQUIRE(source->start(sink).has_value());
    REQUIRE(sink.saw("apply service default/a 10.0.0.1"));
    fs::create_symlink("..2", folder / "..tmp");
    fs::rename(folder / "..tmp", folder / "..data");
    CHECK(sink.saw("apply service default/a 10.0.0.2"));
  }
}

TEST_CASE("manifest source: what can never work fails at the start") {
  RecordingSink sink;
  CHECK(manifests_source({"/nonexistent/manifests"}, {})->start(sink).error().message ==
        "manifests /nonexistent/manifests: there is no such file or folder");
  Wanted wanted;
  wanted.label_selector = "a b";
  const Folder folder;
  CHECK(manifests_source({folder.path()}, wanted)->start(sink).has_error());
}

}  // namespace portolan::cluster
