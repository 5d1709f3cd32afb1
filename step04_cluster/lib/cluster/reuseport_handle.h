// Reuseport: one listening socket for each worker, all bound to the same port. The kernel picks a
// socket for each new connection, by a hash of its addresses: no worker wakes up in vain, and
// nobody can take over what waits for a worker that is slow.
//
// Closing one of the sockets resets the connections that wait in its queue. So when a worker dies,
// the primary keeps its socket: a worker has a slot, and its replacement gets the slot's socket,
// with what waits there. If a worker leaves because it was asked to, or closes its server, there
// may be no replacement, and clients would wait for ever: then the socket is closed. Node has no
// twin of it: there a worker binds with SO_REUSEPORT by itself. See SO_REUSEPORT in socket(7).
#pragma once

#include <string>
#include <vector>

#include "cluster/handle.h"
#include "unique_fd.h"

namespace cluster {

class ReusePortHandle : public Handle {
 public:
  // Binds the first socket at once. Throws ListenError.
  ReusePortHandle(std::string key, Query query);

  void add(Worker& worker, std::int64_t question) override;
  bool remove(Worker& worker) override;
  bool is_empty() const override;

  // Nothing is ever offered.
  bool answer(Worker&, std::int64_t, bool) override { return false; }
  void bury(Worker&) override {}

 private:
  struct Slot {
    UniqueFd socket;
    Worker* worker = nullptr;
  };

  Slot& free_slot();

  std::string key_;
  Query query_;  // with the real port
  std::vector<Slot> slots_;
};

}  // namespace cluster
