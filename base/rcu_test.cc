// Pointers that readers follow: replaced objects go after a grace period, shared ones when the last reader lets go.
#include "base/rcu.h"

#include <doctest/doctest.h>

#include <atomic>

namespace portolan::rcu {
namespace {

std::atomic<int> alive{0};

struct Counted {
  explicit Counted(int what) : number(what) { ++alive; }
  ~Counted() { --alive; }
  const int number;
};

TEST_CASE("rcu: an object that was shared stays until its reader lets go of it") {
  {
    SharedPointer<Counted> pointer;
    CHECK(pointer.read() == nullptr);
    CHECK(pointer.share() == nullptr);
    pointer.replace(std::make_shared<Counted>(1));
    std::shared_ptr<const Counted> kept;
    {
      const ReadGuard guard;
      CHECK(pointer.read()->number == 1);
      kept = pointer.share();
    }
    pointer.replace(std::make_shared<Counted>(2));
    barrier();
    CHECK(alive == 2);
    CHECK(kept->number == 1);
    CHECK(pointer.read()->number == 2);
    kept.reset();
    CHECK(alive == 1);
    pointer.replace(nullptr);
  }
  barrier();
  CHECK(alive == 0);
}

TEST_CASE("rcu: what is released may itself hold what readers look at") {
  struct Outer {
    explicit Outer(int what) { inner.replace(new Counted(what)); }
    ~Outer() { inner.replace(nullptr); }
    Pointer<Counted> inner;
  };
  Pointer<Outer> pointer(new Outer(1));
  CHECK(alive == 1);
  pointer.replace(nullptr);
  barrier();  // the outer one has gone, and has given the inner one away
  barrier();
  CHECK(alive == 0);
}

}  // namespace
}  // namespace portolan::rcu
