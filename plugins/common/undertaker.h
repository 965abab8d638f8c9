// Where things end that end slowly: a source whose threads wait for a server is taken down on a thread of its own, so
// that a reload does not wait for it.
#pragma once

#include <malloc.h>

#include <list>
#include <thread>
#include <utility>

#include "base/guarded.h"

namespace portolan {

/// Any thread. Threads are joined when the process ends, so that none outlives what it uses.
template <class T>
class Undertaker {
 public:
  ~Undertaker() {
    for (std::list<std::thread> left = take(); !left.empty(); left = take()) {
      for (std::thread& thread : left)
        thread.join();  // without the lock: the end of one object may bring that of another
    }
  }
  /// Deletes `object`, soon, and gives its memory back to the kernel: an index of a big cluster is made of small
  /// blocks, whose pages the C library would keep. The deleter of a shared_ptr.
  static void bury(T* object) {
    static Undertaker undertaker;
    undertaker.threads_.lock()->emplace_back([object] {
      delete object;
      malloc_trim(0);
    });
  }

 private:
  std::list<std::thread> take() { return std::exchange(*threads_.lock(), {}); }

  Guarded<std::list<std::thread>> threads_;
};

}  // namespace portolan
