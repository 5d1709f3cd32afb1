// Something that workers listen on, for the primary: one for each key. A scheduling policy is one
// class that implements this, or a function that chooses for one of these: see policy.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/dealer.h"
#include "cluster/worker.h"
#include "net/shared_fd.h"
#include "unique_fd.h"

namespace cluster {

// How busy it is, in connections that no worker has taken yet.
struct Listening {
  std::string key;             // see key_of()
  std::size_t in_kernel = 0;   // wait to be accepted
  std::size_t waiting = 0;     // wait in the primary for a worker
  std::size_t unanswered = 0;  // were offered to a worker
};

class Handle {
 public:
  explicit Handle(const std::string& key, Choice choose = longest_free)
      : dealer_(
            key, [this](bool more) { want(more); }, std::move(choose)),
        key_(key) {}
  virtual ~Handle() = default;

  // `worker` wants to listen: its queryServer has the number `question`. Answers it.
  // Throws std::system_error, if it does not: the caller will answer with that error. Such as
  // EADDRINUSE, if it listens here already.
  void add(Worker& worker, std::int64_t question);

  // When somebody began to listen here last: the greater the number, the later.
  std::int64_t last_added() const { return last_added_; }

  // Does `worker` listen here?
  virtual bool has(const Worker& worker) const = 0;

  // `worker` has said that it listens somewhere: here, perhaps.
  virtual void listening(const Worker& /*worker*/) {}

  // `worker` listens no longer; what it was offered before, it may still take. False if it did not
  // listen here.
  virtual bool remove(Worker& worker) = 0;

  // Does nobody listen any more?
  virtual bool is_empty() const = 0;

  // A worker that leaves has handed this connection back: one that it has served, and is idle now.
  void adopt(net::SharedFd connection, const Worker& from);

  // Of the connections that were handed back, how many wait here: this worker's, and all.
  std::size_t waiting_from(const Worker& worker) const { return dealer_.waiting_from(worker.id()); }
  std::size_t waiting_handed_back() const { return dealer_.waiting_handed_back(); }

  // Can nobody accept here any more? The last socket was shut down by somebody who shares it.
  virtual bool is_broken() const = 0;

  // The sockets on which clients connect.
  virtual std::vector<int> sockets() const = 0;
  Listening status() const;

  // See Dealer.
  bool answer(Worker& worker, std::int64_t offer, bool accepted) {
    return dealer_.answer(worker, offer, accepted);
  }
  void bury(Worker& worker) { dealer_.bury(worker); }

  std::string place;                // for people
  std::function<void()> on_broken;  // see is_broken(); it may destroy this

 protected:
  // See add(): it is a worker that does not listen here yet.
  virtual void admit(Worker& worker, std::int64_t question) = 0;

  // Here the primary accepts, if this policy has it do so: more connections are welcome, or they
  // are not.
  virtual void want(bool /*more*/) {}

  // A socket cannot accept any more, for this reason: says so; tells on_broken, if it was the last.
  void socket_broke(int error);

  Dealer dealer_;
  const std::string key_;

 private:
  std::int64_t last_added_ = 0;
};

}  // namespace cluster
