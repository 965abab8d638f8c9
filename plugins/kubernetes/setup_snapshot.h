// The option `snapshot FILE [serve]`.
#pragma once

#include "plugins/kubernetes/kubernetes.h"
#include "server/setup.h"

namespace portolan::kubernetes {

/// Takes `use` (null: the option is not there) into `options`, whose source is complete, and looks at the blocks that
/// were set up before: what shares a state shares its snapshot, and a file belongs to one state only.
Result<void> set_snapshot(server::Setup& setup, const corefile::OptionUse* use, Options& options);

}  // namespace portolan::kubernetes
