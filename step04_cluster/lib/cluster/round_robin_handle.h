// Round robin: the primary accepts, and deals the connections to the workers in turn; or as
// `choose` will have it.
//
// Its twin is Node's lib/internal/cluster/round_robin_handle.js.
#pragma once

#include <string>
#include <vector>

#include "cluster/handle.h"
#include "net/acceptor.h"
#include "net/socket.h"

namespace cluster {

class RoundRobinHandle : public Handle {
 public:
  // Listens at once. Throws ListenError.
  RoundRobinHandle(const std::string& key, const ipc::Query& query, Choice choose = longest_free);

  bool has(const Worker& worker) const override { return dealer_.has(worker); }
  bool remove(Worker& worker) override { return dealer_.remove(worker); }
  bool is_empty() const override { return !dealer_.has_workers(); }
  bool is_broken() const override { return !net::can_accept(acceptor_.listener()); }
  std::vector<int> sockets() const override { return {acceptor_.listener()}; }

 private:
  void admit(Worker& worker, std::int64_t question) override;
  void want(bool more) override { acceptor_.accept(more); }

  std::string data_;  // a JSON value, Node's affair: the first worker's, given to the others
  net::Acceptor acceptor_;
};

}  // namespace cluster
