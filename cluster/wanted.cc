// Which objects a source reads, and which of a kind: the same for an API server, which is asked for no others, and for
// manifests, of which the others are left out.
#include "cluster/source.h"

namespace portolan::cluster {

bool Wanted::reads(Kind kind) const {
  switch (kind) {
    case Kind::service:
      return services;
    case Kind::endpoint_slice:
      return endpoint_slices || service_imports;
    case Kind::pod:
      return pods;
    case Kind::namespace_:
      return namespaces;
    case Kind::service_import:
      return service_imports;
  }
  return false;
}

std::vector<Kind> kinds(const Wanted& wanted) {
  std::vector<Kind> all;
  for (size_t i = 0; i < kKinds; ++i) {
    if (wanted.reads(static_cast<Kind>(i))) all.push_back(static_cast<Kind>(i));
  }
  return all;
}

std::string Wanted::selector(Kind kind) const {
  if (kind == Kind::namespace_) return namespace_label_selector;
  // CoreDNS's `labels` chooses among the slices of ServiceImports, not among ServiceImports.
  if (kind == Kind::service_import) return {};
  std::string text = label_selector;
  if (kind == Kind::endpoint_slice && !endpoint_slices) text.append(text.empty() ? "" : ",").append(kImportLabel);
  return text;
}

}  // namespace portolan::cluster
