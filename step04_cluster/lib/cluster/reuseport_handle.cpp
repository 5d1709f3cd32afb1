#include "cluster/reuseport_handle.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "cluster/utils.h"
#include "listener.h"

namespace cluster {

ReusePortHandle::ReusePortHandle(std::string key, Query query)
    : key_(std::move(key)), query_(std::move(query)) {
  slots_.push_back({bind_for(query_, true)});
  query_.port = port_of(slots_.front().socket.get());
}

void ReusePortHandle::add(Worker& worker, std::int64_t question) {
  const bool is_here = std::ranges::find(slots_, &worker, &Slot::worker) != slots_.end();
  if (is_here) throw ListenError(EADDRINUSE, key_);
  const line::Answer answer = {.ack = question, .key = key_, .data = query_.data};
  Slot& slot = free_slot();
  worker.channel().send(line::with_handle(line::answer(answer, next_seq())), slot.socket.get());
  slot.worker = &worker;
}

ReusePortHandle::Slot& ReusePortHandle::free_slot() {
  const auto found = std::ranges::find(slots_, nullptr, &Slot::worker);
  if (found != slots_.end()) return *found;
  slots_.push_back({bind_for(query_, true)});
  return slots_.back();
}

bool ReusePortHandle::remove(Worker& worker) {
  const auto found = std::ranges::find(slots_, &worker, &Slot::worker);
  if (found == slots_.end()) return false;
  found->worker = nullptr;
  const bool by_its_own_wish = worker.is_connected() && !worker.is_dead();
  if (by_its_own_wish) slots_.erase(found);
  return true;
}

bool ReusePortHandle::is_empty() const {
  return std::ranges::all_of(slots_, [](const Slot& slot) { return slot.worker == nullptr; });
}

}  // namespace cluster
