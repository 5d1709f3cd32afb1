// Round robin: the primary accepts, and gives each connection to the worker that has been free for
// the longest time.
//
// Its twin is Node's lib/internal/cluster/round_robin_handle.js.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "cluster/handle.h"
#include "loop/timer.h"
#include "net/acceptor.h"
#include "net/traffic.h"
#include "unique_fd.h"

namespace cluster {

class RoundRobinHandle : public Handle {
 public:
  // Listens at once. Throws ListenError.
  RoundRobinHandle(const std::string& key, const Query& query);

  void add(Worker& worker, std::int64_t question) override;
  bool remove(Worker& worker) override;
  bool is_empty() const override { return workers_.empty(); }
  bool answer(Worker& worker, std::int64_t offer, bool accepted) override;
  void bury(Worker& worker) override;

 private:
  // A connection that no worker has taken yet. This descriptor stays open until one has.
  struct Connection {
    UniqueFd fd;
    std::size_t deaths = 0;    // workers that died while it was offered to them
    net::Traffic before = {};  // read and written before it came to us: nothing, of a new one
  };
  struct Offer {
    std::int64_t seq;
    Connection connection;
  };

  void arrived(UniqueFd connection);
  void hand_off();
  void offer(Worker& worker, Connection& connection);
  void become_free(Worker& worker);
  void rest(Worker& worker);
  bool may_be_dealt_again(const Connection& connection) const;

  std::string key_;
  std::string quoted_key_;
  std::string data_;  // a JSON value, Node's affair: the first worker's, given to the others
  net::Acceptor acceptor_;
  std::set<Worker*> workers_;        // that listen
  std::deque<Worker*> free_;         // of these, the ones without an offer, the longest-free first
  std::deque<Worker*> resting_;      // have refused, and are free again soon
  std::deque<Connection> waiting_;   // for a free worker, in order of arrival
  std::map<Worker*, Offer> offers_;  // at most one for each worker
  loop::Timer rest_timer_;
};

}  // namespace cluster
