#include "supervisor/supervisor.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <system_error>
#include <utility>

#include "console.h"

namespace supervisor {

namespace {

constexpr std::chrono::milliseconds kLater(1000);      // if no worker can be started now
constexpr std::chrono::milliseconds kLastMoment(100);  // from the end of a channel to an exit

}  // namespace

Supervisor::Supervisor(const Options& options)
    : options_(options),
      wanted_(options.workers),
      retry_([this] { reconcile(); }),
      grace_([this] { shut_down(); }),
      drain_([this] { kill_all(); }),
      liveness_(members_, options.liveness_timeout, [](cluster::Worker& worker) {
        kill_late(worker, "does not answer, so it is killed (--liveness-timeout)");
      }) {
  cluster::on_online([this](auto& worker) { online(worker); });
  cluster::on_signalled([this](auto& worker) {
    wait_for_end(members_.at(worker.id()));
    reconcile();
  });
  cluster::on_disconnect([this](auto& worker) { disconnected(worker); });
  cluster::on_listening([this](auto& worker, const auto& where) { listening(worker, where); });
  cluster::on_message([this](auto& worker, const auto& json) { heard(worker, json); });
  cluster::on_exit([this](auto& worker, const auto& ending) { exited(worker, ending); });
  for (int i = 0; i < wanted_; ++i) start_worker();
}

// From what is there to what should be there. While a worker waits for its successor, there may be
// one worker too many; when the successor listens, an old one leaves.
void Supervisor::reconcile() {
  if (is_shutting_down_) return;
  while (count(members_, &Member::is_ready) > wanted_) ask_to_leave(first_to_leave(members_));
  if (!start_workers()) return;
  if (is_reloading_ && count(members_, &Member::awaits_successor) == 0) end_reload("");
}

// Starts what is missing. If that may not be now, or cannot be, because this process may not fork
// or has no free descriptor: later, and it returns false.
bool Supervisor::start_workers() {
  const int more = count(members_, &Member::awaits_successor) > 0 ? 1 : 0;
  try {
    while (count(members_, &Member::is_staying) < wanted_ + more) {
      const auto wait = backoff_.wait(Clock::now());
      if (wait.count() > 0) {
        retry_.start(wait);
        return false;
      }
      start_worker();
    }
    return true;
  } catch (const std::system_error& error) {
    complain(fmt::format("cluster: no new worker: {}", error.what()));
    retry_.start(kLater);
    return false;
  }
}

void Supervisor::start_worker() {
  cluster::Worker& worker = cluster::fork();
  backoff_.started(Clock::now());
  Member& member = members_.try_emplace(worker.id(), Member{worker, generation_}).first->second;
  if (options_.start_timeout.count() == 0) return;
  member.kill_after(options_.start_timeout, "is not listening, so it is killed (--start-timeout)");
}

void Supervisor::ask_to_leave(Member& member) {
  wait_for_end(member);
  member.worker.disconnect();
}

void Supervisor::wait_for_end(Member& member) {
  member.is_leaving = true;
  member.kill_after(options_.drain_timeout, "does not leave, so it is killed (--drain-timeout)");
}

void Supervisor::reload() {
  if (is_stopping_) return;
  if (std::exchange(is_reloading_, true)) {
    reloads_again_ = true;
    return;
  }
  ++generation_;
  for (auto& [id, member] : members_) member.is_outdated = true;
  reconcile();
}

// `error` says why some have got no successor; those serve on.
void Supervisor::end_reload(const std::string& error) {
  for (auto& [id, member] : members_) member.is_outdated = false;
  if (!std::exchange(is_reloading_, false)) return;
  if (error.empty()) {
    say(fmt::format("reloaded: {} workers", wanted_));
  } else {
    complain(fmt::format("cluster: the reload has failed: {}; the others serve on", error));
  }
  reloaded_.emit(error);
  if (std::exchange(reloads_again_, false)) reload();
}

void Supervisor::resize(int change) {
  wanted_ = std::clamp(wanted_ + change, 1, kMaxWorkers);
  say(fmt::format("workers wanted: {}", wanted_));
  reconcile();
}

void Supervisor::online(cluster::Worker& worker) {
  say(name_of(worker) + " online");
  if (is_stopping_ && worker.can_hand_back()) worker.send(kDrain);  // one of ours
  if (options_.start_timeout.count() == 0) came_up(members_.at(worker.id()));
}

void Supervisor::listening(cluster::Worker& worker, const cluster::Query& where) {
  say(name_of(worker) + " listening");
  Member& member = members_.at(worker.id());
  if (member.is_leaving) return;
  member.has_listened = true;
  came_up(member);
  announce(where);
}

// It has done what is expected of it; and if it goes on for a while, it has lived.
void Supervisor::came_up(Member& member) {
  if (std::exchange(member.is_up, true) || member.is_leaving) return;
  member.timer.emplace([this, &member] {
    member.has_lived = true;
    backoff_.lived();
    reconcile();
  });
  member.timer->start(Backoff::kLife);
  has_served_ = true;
  reconcile();
}

void Supervisor::announce(const cluster::Query& where) {
  if (count(members_, &Member::is_listening) < wanted_) return;
  if (std::exchange(has_announced_, true)) return;
  say(fmt::format("listening on {} (policy {}, {} workers, pid {})", place_of(where),
                  cluster::policy().name, wanted_, getpid()));
}

void Supervisor::heard(cluster::Worker& worker, const std::string& json) {
  const auto found = members_.find(worker.id());
  if (found == members_.end()) return;
  Member& member = found->second;
  if (const auto counters = read_pong(json)) {
    member.heard = Clock::now();
    member.counters = counters;
  } else if (json == kRetire) {
    member.is_outdated = true;
    reconcile();
  } else {
    worker.unheard(json);  // a part of its program, for the primary, does not run here
  }
}

// Most often its process ends in the same moment. If not, nothing can be said to it, nor by it.
void Supervisor::disconnected(cluster::Worker& worker) {
  say(name_of(worker) + " disconnected");
  const auto found = members_.find(worker.id());
  if (is_shutting_down_ || found == members_.end() || found->second.is_leaving) return;
  found->second.timer.emplace([this, found] { outlived_its_channel(found->second); });
  found->second.timer->start(kLastMoment);
}

// A worker that has not said before that it leaves is asked to, in the only way that is left.
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
  const bool is_successor = !member.is_up && !member.is_outdated;
  if (is_successor) end_reload(name_of(member.worker) + " ended before it listened");
}

void Supervisor::exited(cluster::Worker& worker, const cluster::Ending& ending) {
  const bool as_asked = worker.exited_after_disconnect() && ending.code == 0;
  if (!as_asked) say(fmt::format("{} died ({})", name_of(worker), to_string(ending)));
  const auto member = members_.extract(worker.id());
  if (is_shutting_down_) return;
  if (!member.mapped().is_leaving) lost(member.mapped());
  if (has_served_) return reconcile();
  if (is_stopping_ || !members_.empty()) return;
  complain("cluster: no worker came to listen");
  over_.emit();
}

void Supervisor::stop() {
  if (std::exchange(is_stopping_, true)) {
    shut_down();
    kill_all();
    return;
  }
  for (auto& [id, member] : members_) {
    if (member.worker.can_hand_back()) member.worker.send(kDrain);  // one of ours
  }
  if (options_.drain_grace.count() == 0) return shut_down();
  grace_.start(options_.drain_grace);
}

void Supervisor::shut_down() {
  if (std::exchange(is_shutting_down_, true)) return;
  grace_.stop();
  retry_.stop();
  liveness_.stop();
  for (auto& [id, member] : members_) member.timer.reset();
  drain_.start(options_.drain_timeout);
  cluster::disconnect([this] {
    drain_.stop();
    over_.emit();
  });
}

void Supervisor::kill_all() {
  for (const auto& [id, member] : members_) member.worker.kill(SIGKILL);
}

}  // namespace supervisor
