// Deals connections to workers that are free: each to the one that a policy chooses. Keeps every
// connection until a worker has taken it.
//
// In Node, round_robin_handle.js accepts and deals. Here dealing is apart, because with every
// policy connections may come back from a worker that leaves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "cluster/worker.h"
#include "loop/timer.h"
#include "net/shared_fd.h"
#include "net/traffic.h"
#include "unique_fd.h"

namespace cluster {

// Chooses which worker gets the next connection. `free` are those without an offer, the one that
// has been free for the longest time first; there is at least one. Returns its place among them.
using Choice = std::function<std::size_t(const std::deque<Worker*>& free)>;

// Round robin.
inline std::size_t longest_free(const std::deque<Worker*>& /*free*/) {
  return 0;
}

class Dealer {
 public:
  // `key` is what its workers listen on. `want` is told whether more connections are welcome.
  Dealer(const std::string& key, std::function<void(bool more)> want, Choice choose);

  // `worker` takes connections from now on; or no more, but what it was offered it may still take.
  // (False: it did not take any before.)
  void add(Worker& worker);
  bool remove(Worker& worker);
  bool has(const Worker& worker) const { return workers_.contains(&worker); }
  bool has_workers() const { return !workers_.empty(); }

  // Deals a new connection; or one that has been served, is idle, and goes first. `from`: the id of
  // the worker that has served it.
  void deal(UniqueFd connection);
  void adopt(net::SharedFd connection, int from);

  // `worker` has answered what was offered to it under the number `offer`. False if that was not
  // offered here.
  bool answer(Worker& worker, std::int64_t offer, bool accepted);

  // Connections that wait for a free worker, and that were offered to one. Of those that wait, how
  // many has this worker handed back?
  std::size_t waiting() const { return waiting_.size(); }
  std::size_t waiting_from(int worker) const;
  std::size_t waiting_handed_back() const { return waiting_.size() - waiting_from(0); }
  std::size_t unanswered() const { return offers_.size(); }

  // The process of `worker` has ended, and everything that it had said was listened to.
  void bury(Worker& worker);

 private:
  // A connection that no worker has taken yet. This descriptor stays open until one has.
  struct Connection {
    net::SharedFd fd;
    int from = 0;              // this worker has served it before; 0: it is new
    net::Traffic before = {};  // read and written before it came to us: nothing, of a new one
    std::size_t deaths = 0;    // workers that died while it was offered to them
  };
  struct Offer {
    std::int64_t seq;
    Connection connection;
  };

  void hand_off();
  Worker& take_free_worker();
  void offer(Worker& worker, Connection& connection);
  void become_free(Worker& worker);
  void rest(Worker& worker);
  bool may_be_dealt_again(const Connection& connection, const Worker& dead) const;

  std::string quoted_key_;
  std::function<void(bool)> want_;
  Choice choose_;
  std::set<const Worker*> workers_;  // that take connections
  std::deque<Worker*> free_;         // of these, the ones without an offer, the longest-free first
  std::deque<Worker*> resting_;      // have refused, and are free again soon
  std::deque<Connection> waiting_;   // for a free worker, in order of arrival
  std::map<Worker*, Offer> offers_;  // at most one for each worker
  loop::Timer rest_timer_;
};

}  // namespace cluster
