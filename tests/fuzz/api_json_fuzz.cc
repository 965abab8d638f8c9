// Fuzzes what an API server replies in JSON: no body may crash the reader, and how it is cut must not matter.
#include "tests/fuzz/bodies.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  portolan::cluster::fuzz_body(portolan::cluster::Encoding::json, {reinterpret_cast<const char*>(data), size});
  return 0;
}
