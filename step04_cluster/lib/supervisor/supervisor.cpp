#include "supervisor/supervisor.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <system_error>
#include <utility>

#include "console.h"

namespace supervisor {

namespace {

constexpr std::chrono::milliseconds kLater(1000);

bool is_staying(const Member& member) {
  return member.is_staying();
}

bool is_ready(const Member& member) {
  return member.is_ready();
}

bool listens(const Member& member) {
  return member.has_listened && member.is_staying();
}

bool is_outdated(const Member& member) {
  return member.is_staying() && member.is_outdated;
}

}  // namespace

Supervisor::Supervisor(const Options& options)
    : options_(options),
      wanted_(options.workers),
      retry_([this] { reconcile(); }),
      grace_([this] { leave(); }),
      drain_([this] { kill_all(); }),
      liveness_(members_, options.liveness_timeout, [](cluster::Worker& worker) {
        complain("cluster: " + name_of(worker) +
                 " does not answer, so it is killed (--liveness-timeout)");
        worker.kill(SIGKILL);
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
  listen_to_signals();
  for (int i = 0; i < wanted_; ++i) start_worker();
}

void Supervisor::listen_to_signals() {
  signals_.emplace_back(SIGTERM, [this] { stop(); });
  signals_.emplace_back(SIGINT, [this] { stop(); });
  signals_.emplace_back(SIGHUP, [this] { hang_up(); });
  signals_.emplace_back(SIGTTIN, [this] { resize(1); });
  signals_.emplace_back(SIGTTOU, [this] { resize(-1); });
}

// When a terminal closes, the kernel may say so, and the shell as well: the second time is no order
// to kill.
void Supervisor::hang_up() {
  if (!terminal_.is_closed()) return reload();
  if (!is_stopping_) stop();
}

int Supervisor::count(bool (*is)(const Member&)) const {
  return static_cast<int>(
      std::ranges::count_if(members_, [=](const auto& entry) { return is(entry.second); }));
}

// From what is there to what should be there. While somebody waits for a successor, there may be
// one worker too many; when that one listens, somebody leaves.
void Supervisor::reconcile() {
  if (is_ending_) return;
  while (count(is_ready) > wanted_) ask_to_leave(first_to_leave());
  if (!start_workers()) return;
  if (is_reloading_ && count(is_outdated) == 0) end_reload("");
}

// Starts what is missing. If that may not be now, or cannot be, because this process may not fork
// or has no free descriptor: later, and it returns false.
bool Supervisor::start_workers() {
  try {
    while (count(is_staying) < wanted_ + (count(is_outdated) > 0 ? 1 : 0)) {
      const auto wait = backoff_.wait(Clock::now());
      if (wait.count() > 0) return retry_.start(wait), false;
      start_worker();
    }
    return true;
  } catch (const std::system_error& error) {
    complain(std::string("cluster: no new worker: ") + error.what());
    return retry_.start(kLater), false;
  }
}

void Supervisor::start_worker() {
  cluster::Worker& worker = cluster::fork();
  backoff_.started(Clock::now());
  Member& member = members_.try_emplace(worker.id(), Member{worker, generation_}).first->second;
  member.timer.emplace([&worker] {
    complain("cluster: " + name_of(worker) +
             " is not listening, so it is killed (--start-timeout)");
    worker.kill(SIGKILL);
  });
  if (options_.start_timeout.count() > 0) member.timer->start(options_.start_timeout);
}

// The oldest of those whose successor is there; if it is not about successors, the oldest of all.
Member& Supervisor::first_to_leave() {
  const auto ready = [](const auto& entry) { return entry.second.is_ready(); };
  const auto outdated = [](const auto& e) { return e.second.is_ready() && e.second.is_outdated; };
  const auto found = std::ranges::find_if(members_, outdated);
  return (found != members_.end() ? found : std::ranges::find_if(members_, ready))->second;
}

void Supervisor::ask_to_leave(Member& member) {
  wait_for_end(member);
  member.worker.disconnect();
}

void Supervisor::wait_for_end(Member& member) {
  member.is_leaving = true;
  member.timer.emplace([&worker = member.worker] {
    complain("cluster: " + name_of(worker) + " does not leave, so it is killed (--drain-timeout)");
    worker.kill(SIGKILL);
  });
  member.timer->start(options_.drain_timeout);
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

// `error` says why not all that are outdated have a successor; whoever has none serves on.
void Supervisor::end_reload(const std::string& error) {
  for (auto& [id, member] : members_) member.is_outdated = false;
  if (!std::exchange(is_reloading_, false)) return;
  error.empty() ? say("reloaded: " + std::to_string(wanted_) + " workers")
                : complain("cluster: the reload has failed: " + error + "; the others serve on");
  reloaded_.emit(error);
  if (std::exchange(reloads_again_, false)) reload();
}

void Supervisor::resize(int change) {
  wanted_ = std::clamp(wanted_ + change, 1, kMaxWorkers);
  say("workers wanted: " + std::to_string(wanted_));
  reconcile();
}

void Supervisor::online(cluster::Worker& worker) {
  say(name_of(worker) + " online");
  if (is_stopping_ && worker.hands_back()) worker.send(kDrain);  // one of ours
  if (options_.start_timeout.count() == 0) has_come(members_.at(worker.id()));
}

void Supervisor::listening(cluster::Worker& worker, const cluster::Query& where) {
  say(name_of(worker) + " listening");
  Member& member = members_.at(worker.id());
  if (member.is_leaving) return;
  member.has_listened = true;
  has_come(member);
  announce(where);
}

// It has done what is expected of it; and if it goes on for a while, it has lived.
void Supervisor::has_come(Member& member) {
  if (std::exchange(member.has_come, true) || member.is_leaving) return;
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
  if (count(listens) < wanted_ || std::exchange(has_announced_, true)) return;
  say("listening on " + place_of(where) + " (policy " + cluster::policy().name +
      ", " + std::to_string(wanted_) + " workers, pid " + std::to_string(getpid()) + ")");
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

void Supervisor::stop() {
  if (std::exchange(is_stopping_, true)) return leave(), kill_all();
  for (auto& [id, member] : members_) {
    if (member.worker.hands_back()) member.worker.send(kDrain);  // one of ours
  }
  options_.drain_grace.count() > 0 ? grace_.start(options_.drain_grace) : leave();
}

void Supervisor::leave() {
  if (std::exchange(is_ending_, true)) return;
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
