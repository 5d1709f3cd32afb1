// Shared: the primary binds, each worker gets the same socket, listens and accepts by itself. Who
// accepts is the kernel's choice.
//
// Its twin is Node's lib/internal/cluster/shared_handle.js.
#pragma once

#include <set>
#include <string>

#include "cluster/handle.h"
#include "unique_fd.h"

namespace cluster {

class SharedHandle : public Handle {
 public:
  // Binds at once. Throws ListenError.
  SharedHandle(std::string key, const Query& query);

  void add(Worker& worker, std::int64_t question) override;
  bool remove(Worker& worker) override { return workers_.erase(&worker) != 0; }
  bool is_empty() const override { return workers_.empty(); }

  // Nothing is ever offered.
  bool answer(Worker&, std::int64_t, bool) override { return false; }
  void bury(Worker&) override {}

 private:
  std::string key_;
  std::string data_;
  std::string type_;  // of the message that the socket goes with
  UniqueFd socket_;
  std::set<Worker*> workers_;
};

}  // namespace cluster
