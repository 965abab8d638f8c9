// TcpListener: one listening TCP socket of one worker and the connections it accepted (RFC 7766: pipelining, answers
// out of order, idle time-outs). Limits on connections, on one source, on queries in flight and on answers nobody
// reads.
#pragma once

#include <memory>

#include "base/descriptor.h"

namespace portolan::server {

class CoreWorker;
struct ListenerPlan;

/// Owned and used by one worker.
class TcpListener {
 public:
  TcpListener(CoreWorker& worker, Descriptor fd, const ListenerPlan& plan);
  ~TcpListener();

  void set_plan(const ListenerPlan& plan);
  /// Accepts what waits, then no more; connections read no more queries and close when their answers have left.
  void close_input();
  bool idle() const;

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace portolan::server
