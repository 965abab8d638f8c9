// The cluster as a zone that is transferred.
#pragma once

#include <memory>

#include "plugins/kubernetes/settings.h"
#include "server/plugin.h"

namespace portolan::kubernetes {

/// All services under `zone`, with the SOA of the moment; the SOA alone when `serial` (0: AXFR) is its serial. Each
/// service is looked up when its turn comes and is shown as it is then: nothing is held between two calls but its name.
/// `settings` must outlive the stream.
std::unique_ptr<server::RecordStream> cluster_records(std::shared_ptr<const Index> index, const Settings& settings,
                                                      dns::NameView zone, uint32_t serial);

}  // namespace portolan::kubernetes
