// Something that workers listen on, for the primary: one for each key. A scheduling policy is one
// class that implements this.
#pragma once

#include <cstdint>

#include "cluster/worker.h"
#include "net/bind.h"

namespace cluster {

class Handle {
 public:
  virtual ~Handle() = default;

  // `worker` wants to listen: its queryServer has the number `question`. Answers it.
  // Throws std::system_error, if it does not: the caller will answer with that error.
  virtual void add(Worker& worker, std::int64_t question) = 0;

  // `worker` listens no longer; what it was offered before, it may still take. False if it did not
  // listen here.
  virtual bool remove(Worker& worker) = 0;

  // Does nobody listen any more?
  virtual bool is_empty() const = 0;

  // `worker` has answered what was offered to it under the number `offer`. False if this handle has
  // not offered that.
  virtual bool answer(Worker& worker, std::int64_t offer, bool accepted) = 0;

  // The process of `worker` has ended, and everything that it had said was listened to.
  virtual void bury(Worker& worker) = 0;

  net::SocketFile file;  // the name of a Unix-domain socket, which goes when the socket does
};

}  // namespace cluster
