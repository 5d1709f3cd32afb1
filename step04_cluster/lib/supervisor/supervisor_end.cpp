// How workers end, above all those that nobody has asked to leave.
#include <csignal>

#include "console.h"
#include "supervisor/supervisor.h"

namespace supervisor {

constexpr std::chrono::milliseconds kLastMoment(100);  // from the end of a channel to an exit

// Most often its process ends in the same moment. If not, nothing can be said to it, nor by it.
void Supervisor::disconnected(cluster::Worker& worker) {
  say(name_of(worker) + " disconnected");
  const auto found = members_.find(worker.id());
  if (is_ending_ || found == members_.end() || found->second.is_leaving) return;
  found->second.timer.emplace([this, found] { outlived_its_channel(found->second); });
  found->second.timer->start(kLastMoment);
}

// One that has not said before that it leaves is asked to, in the only way that is left.
void Supervisor::outlived_its_channel(Member& member) {
  lost(member);
  wait_for_end(member);
  if (!member.worker.exited_after_disconnect()) member.worker.kill(SIGTERM);
  if (has_served_) reconcile();
}

// A worker that nobody has asked to leave is gone, or will be soon.
void Supervisor::lost(const Member& member) {
  ++deaths_;
  if (!member.has_lived) backoff_.died_young(Clock::now());
  const bool is_successor = !member.has_come && !member.is_outdated;
  if (is_successor) end_reload(name_of(member.worker) + " ended before it listened");
}

void Supervisor::exited(cluster::Worker& worker, const cluster::Ending& ending) {
  const bool as_asked = worker.exited_after_disconnect() && ending.code == 0;
  if (!as_asked) say(name_of(worker) + " died (" + to_string(ending) + ")");
  const auto member = members_.extract(worker.id());
  if (is_ending_) return;
  if (!member.mapped().is_leaving) lost(member.mapped());
  if (has_served_) return reconcile();
  if (is_stopping_ || !members_.empty()) return;
  complain("cluster: no worker came to listen");
  over_.emit();
}

}  // namespace supervisor
