// Reuseport: one listening socket for each worker, all bound to the same port. The kernel picks a
// socket for each new connection, by a hash of its addresses: no worker wakes up in vain, and
// nobody can take over what waits for a worker that is slow. See SO_REUSEPORT in socket(7).
//
// Closing one of the sockets resets the connections that wait in its queue. So none is closed: a
// worker has a slot, and when it dies, or leaves, the primary accepts what arrives there, and deals
// it to the others, until a new worker gets the slot. (Others than ours would not take it: the slot
// of one that leaves is closed then, for clients would wait there for ever; that of one that has
// died waits for its replacement.) Node has no twin of this: there a worker binds with SO_REUSEPORT
// by itself.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cluster/handle.h"
#include "net/acceptor.h"

namespace cluster {

class ReusePortHandle : public Handle {
 public:
  // Binds the first socket at once. Throws ListenError.
  ReusePortHandle(const std::string& key, ipc::Query query);

  bool has(const Worker& worker) const override;
  bool remove(Worker& worker) override;
  bool is_empty() const override;
  bool is_broken() const override { return slots_.empty(); }
  std::vector<int> sockets() const override;

 private:
  struct Slot {
    std::unique_ptr<net::Acceptor> acceptor;  // works while there is no worker
    Worker* worker = nullptr;
  };

  void admit(Worker& worker, std::int64_t question) override;
  void want(bool more) override;
  Slot new_slot();
  void drop_broken_slots();
  Slot& free_slot();
  void slot_broke(int socket, int error);
  void leave_unattended(bool is_new);

  ipc::Query query_;  // with the real port
  std::vector<Slot> slots_;
};

}  // namespace cluster
