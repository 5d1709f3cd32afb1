#include "cluster/handles.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "cluster/utils.h"
#include "console.h"
#include "listener.h"
#include "net/socket.h"

namespace cluster {

constexpr std::size_t kMaxHandles = 64;  // so that a worker cannot take all descriptors and ports
constexpr std::size_t kMaxHandedBack = 4096;

void Handles::add(Worker& worker, std::int64_t question, const ipc::Query& query,
                  const Policy& policy) {
  const std::string key = key_of(query);
  if (!query.makes_sense) throw ListenError(EINVAL, key);
  const auto found = all_.find(key);
  const bool is_open = found != all_.end() && !found->second->is_broken();
  if (is_open) return found->second->add(worker, question);

  all_.erase(key);
  const auto unused = make_room(key);
  auto handle = open(key, query, policy);
  handle->add(worker, question);
  if (unused != all_.end()) give_up(unused);
  all_.emplace(key, std::move(handle));
}

std::unique_ptr<Handle> Handles::open(const std::string& key, const ipc::Query& query,
                                      const Policy& policy) {
  auto handle = policy.new_handle(key, query);
  handle->place = place_of(query, handle->sockets().front());
  handle->on_broken = [this, key] { all_.erase(key); };
  return handle;
}

// Which one has to go, if there are as many as there may be.
Handles::Map::iterator Handles::make_room(const std::string& key) {
  if (all_.size() < kMaxHandles) return all_.end();
  const auto unused = longest_unused();
  if (unused == all_.end()) throw ListenError(EMFILE, key);
  return unused;
}

// Where workers have died, and no replacement has come to listen: for the longest time, or nowhere.
Handles::Map::iterator Handles::longest_unused() {
  auto longest = all_.end();
  for (auto i = all_.begin(); i != all_.end(); ++i) {
    if (!i->second->is_empty()) continue;
    const bool is_older =
        longest == all_.end() || i->second->last_added() < longest->second->last_added();
    if (is_older) longest = i;
  }
  return longest;
}

void Handles::give_up(Map::iterator unused) {
  complain("cluster: " + unused->second->place + " is closed: its workers are gone, and " +
           std::to_string(all_.size()) + " places are open");
  all_.erase(unused);
}

void Handles::listening(Worker& worker) {
  for (const auto& [key, handle] : all_) handle->listening(worker);
}

void Handles::answer(Worker& worker, std::int64_t offer, bool accepted) {
  for (const auto& [key, handle] : all_) {
    if (handle->answer(worker, offer, accepted)) return;
  }
}

void Handles::close(Worker& worker, const std::string& key) {
  const auto found = all_.find(key);
  if (found == all_.end()) return;
  if (found->second->remove(worker) && found->second->is_empty()) all_.erase(found);
}

void Handles::remove(Worker& worker) {
  const bool is_wanted = worker.exited_after_disconnect() && !worker.is_signalled();
  std::erase_if(all_, [&](const auto& entry) {
    const bool was_here = entry.second->remove(worker);
    return was_here && is_wanted && entry.second->is_empty();
  });
}

void Handles::stop_offering(Worker& worker) {
  for (const auto& [key, handle] : all_) handle->remove(worker);
}

void Handles::bury(Worker& worker) {
  for (const auto& [key, handle] : all_) handle->bury(worker);
}

bool Handles::has_room_for(const Worker& worker) const {
  rlimit descriptors = {};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  const auto most = std::min<std::size_t>(kMaxHandedBack, descriptors.rlim_cur / 4);
  std::size_t all = 0;
  std::size_t its = 0;
  for (const auto& [key, handle] : all_) {
    all += handle->waiting_handed_back();
    its += handle->waiting_from(worker);
  }
  return all < most && its < most / 4;
}

void Handles::adopt(const std::string& key, net::SharedFd connection, const Worker& from) {
  const auto found = all_.find(key);
  if (found == all_.end() || !net::is_connection(connection.get())) return;
  found->second->adopt(std::move(connection), from);
}

std::vector<Listening> Handles::status() const {
  std::vector<Listening> status;
  for (const auto& [key, handle] : all_) status.push_back(handle->status());
  return status;
}

}  // namespace cluster
