// Shared: the primary binds, each worker gets the same socket, listens and accepts by itself. Who
// accepts is the kernel's choice.
//
// Its twin is Node's lib/internal/cluster/shared_handle.js.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "cluster/handle.h"
#include "net/bind.h"

namespace cluster {

class SharedHandle : public Handle {
 public:
  // Binds at once. Throws ListenError.
  SharedHandle(const std::string& key, const Query& query);

  bool has(const Worker& worker) const override { return workers_.contains(&worker); }
  bool remove(Worker& worker) override;
  bool is_empty() const override { return workers_.empty(); }
  std::vector<int> sockets() const override { return {socket_.fd.get()}; }

 private:
  void admit(Worker& worker, std::int64_t question) override;

  std::string data_;
  std::string type_;  // of the message that the socket goes with
  net::BoundSocket socket_;
  std::set<const Worker*> workers_;
};

}  // namespace cluster
