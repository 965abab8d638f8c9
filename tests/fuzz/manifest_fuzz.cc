// Fuzzes manifests, YAML and JSON: no text may crash or hang the reader.
#include <cstdint>
#include <string_view>

#include "cluster/manifests.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  portolan::cluster::read_manifest("fuzz.yaml", {reinterpret_cast<const char*>(data), size});
  return 0;
}
