// Fuzzes what comes from etcd: replies of its gateway and the values in them. No octets may crash a reader, and every
// name that a value gives can be asked for again.
#include <cstdlib>

#include "plugins/etcd/gateway.h"
#include "plugins/etcd/key_path.h"
#include "plugins/etcd/service.h"

using namespace portolan;

namespace {

void read_value(const std::string& key, std::string_view value) {
  const auto service = etcd::read_service(key, value);
  if (service->key != key) std::abort();
  if (!service->problem.empty() && !service->host.empty()) std::abort();
  for (const dns::Name* name : {&service->target, &service->own}) {
    Arena arena;
    const auto path = etcd::key_path("/skydns", name->lower(), arena);
    if (!path.whole.starts_with(path.fixed)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_value("/skydns/org/example/a", text);
  read_value("/" + std::string(text.substr(0, text.find('\n'))), "{\"host\":\"example.org\"}");
  if (const auto page = etcd::read_page(text)) {
    for (const auto& each : page->values) read_value(each.key, each.value);
  }
  if (const auto message = etcd::read_watch_message(text)) {
    for (const auto& event : message->events) read_value(event.value.key, event.value.value);
  }
  return 0;
}
