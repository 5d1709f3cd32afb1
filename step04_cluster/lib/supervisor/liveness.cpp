#include "supervisor/liveness.h"

#include <algorithm>
#include <utility>

namespace supervisor {

namespace {

std::chrono::milliseconds interval(std::chrono::milliseconds timeout) {
  return std::max(timeout / 4, std::chrono::milliseconds(1));
}

}  // namespace

Liveness::Liveness(Members& members, std::chrono::milliseconds timeout,
                   std::function<void(cluster::Worker&)> is_hung)
    : members_(members),
      timeout_(timeout),
      is_hung_(std::move(is_hung)),
      timer_([this] { tick(); }) {
  if (timeout.count() > 0) timer_.repeat(interval(timeout));
}

// If this process itself was stopped, or the machine slept, the answers are still to be read: then
// every worker has all the time once more.
void Liveness::tick() {
  const Clock::time_point now = Clock::now();
  const bool was_asleep = now - std::exchange(last_tick_, now) > 2 * interval(timeout_);
  for (auto& [id, member] : members_) {
    if (member.heard && was_asleep) member.heard = now;
    if (member.heard && now - *member.heard >= timeout_) is_hung_(member.worker);
    member.worker.send(kPing);
  }
}

}  // namespace supervisor
