// Everything that workers listen on, for the primary: its handles, by key.
//
// Its twin is the map `handles` in Node's lib/internal/cluster/primary.js.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cluster/handle.h"
#include "cluster/policy.h"
#include "cluster/worker.h"
#include "net/shared_fd.h"

namespace cluster {

class Handles {
 public:
  // `worker` wants to listen: its queryServer has the number `question`. Answers it. The first that
  // asks for a key makes us bind, as `policy` wants it; the others share. Throws std::system_error,
  // and has not answered, if that cannot be.
  void add(Worker& worker, std::int64_t question, const ipc::Query& query, const Policy& policy);

  // `worker` has said that it listens somewhere.
  void listening(Worker& worker);

  // `worker` has answered an offer.
  void answer(Worker& worker, std::int64_t offer, bool accepted);

  // `worker` closes one of its servers; or listens no longer at all. When the last one has left a
  // handle because it was asked to, the socket is closed, and clients are refused. When it died, or
  // a signal told it to leave, the socket stays, and they wait for a replacement.
  void close(Worker& worker, const std::string& key);
  void remove(Worker& worker);
  void close_all() { all_.clear(); }

  // `worker` is dead. It gets nothing more; then, once its last words were heard, what it was
  // offered and has not taken is dealt again.
  void stop_offering(Worker& worker);
  void bury(Worker& worker);

  // Is there room for one more connection that `worker` hands back? Those that wait use up our
  // descriptors: workers may have a quarter of those, and one worker a quarter of that. What is
  // beyond that stays with its worker.
  bool has_room_for(const Worker& worker) const;

  // Another worker is to serve this connection, which `from` has handed back: it is idle.
  void adopt(const std::string& key, net::SharedFd connection, const Worker& from);

  bool is_empty() const { return all_.empty(); }

  // What is listened on, and how busy it is.
  std::vector<Listening> status() const;

 private:
  using Map = std::map<std::string, std::unique_ptr<Handle>>;

  std::unique_ptr<Handle> open(const std::string& key, const ipc::Query& query,
                               const Policy& policy);
  Map::iterator make_room(const std::string& key);
  Map::iterator longest_unused();
  void give_up(Map::iterator unused);

  Map all_;
};

}  // namespace cluster
