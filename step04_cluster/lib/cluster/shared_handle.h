// Shared: the primary binds, each worker gets the same socket, listens and accepts by itself. Who
// accepts is the kernel's choice.
//
// Its twin is Node's lib/internal/cluster/shared_handle.js.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cluster/handle.h"
#include "loop/watcher.h"
#include "net/bind.h"

namespace cluster {

class SharedHandle : public Handle {
 public:
  // Binds at once. Throws ListenError.
  SharedHandle(const std::string& key, const ipc::Query& query);

  bool has(const Worker& worker) const override { return workers_.contains(&worker); }
  bool remove(Worker& worker) override;
  bool is_empty() const override { return workers_.empty(); }
  bool is_broken() const override;
  void listening(const Worker& worker) override;
  std::vector<int> sockets() const override { return {socket_.fd.get()}; }

 private:
  void admit(Worker& worker, std::int64_t question) override;
  void hung_up();

  std::string data_;
  std::string type_;  // of the message that the socket goes with
  net::BoundSocket socket_;
  std::optional<loop::Watcher> end_;  // of socket_, once somebody listens
  std::set<const Worker*> workers_;
};

}  // namespace cluster
