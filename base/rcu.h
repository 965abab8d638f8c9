// Read-copy-update: when memory that readers may still be looking at can be given back. Pointers are published through
// std::atomic (release and acquire) by whoever owns them; this wraps liburcu's QSBR flavour for the grace periods only,
// so that one file knows it and tells ThreadSanitizer what liburcu, which is not instrumented, has ordered.
#pragma once

namespace portolan::rcu {

/// Makes the calling thread a reader, online. Every thread that reads shared tables does this once, before it reads.
void register_thread();
/// Takes the calling thread off the list of readers; to be called before it ends.
void unregister_thread();

/// The calling reader holds no pointer into shared memory at this moment. Called between two batches; a few nanoseconds.
void quiescent();
/// The same until online(): to be called before the thread may sleep, else writers wait for it.
void offline();
void online();

/// Waits until every pointer that readers could hold when it was called is gone. For writers; never on the query path.
void synchronize();

}  // namespace portolan::rcu
