#include "supervisor/supervisor.h"

#include <csignal>
#include <system_error>
#include <utility>

#include "console.h"
#include "listener.h"

namespace supervisor {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxFailures = 3;             // starts that may fail
constexpr std::chrono::milliseconds kPeriod(1000);  // in this time

std::string name_of(const cluster::Worker& worker) {
  return "worker " + std::to_string(worker.id()) + " (pid " + std::to_string(worker.pid()) + ")";
}

std::string place_of(const cluster::Query& where) {
  const std::string address = where.address.value_or("::");
  return where.is_path() ? "unix:" + address : "http://" + host_and_port(address, where.port);
}

bool is_listening(const cluster::Worker& worker) {
  return worker.state() == cluster::Worker::State::kListening;
}

}  // namespace

Supervisor::Supervisor(const Options& options)
    : options_(options),
      retry_([this] { fill(); }),
      drain_([this] { kill_all(); }),
      terminate_(SIGTERM, [this] { stop(); }),
      interrupt_(SIGINT, [this] { stop(); }) {
  cluster::on_online([](const auto& worker) { say(name_of(worker) + " online"); });
  cluster::on_disconnect([](const auto& worker) { say(name_of(worker) + " disconnected"); });
  cluster::on_listening([this](auto& worker, const auto& where) { listening(worker, where); });
  cluster::on_exit([this](auto& worker, const auto& ending) { exited(worker, ending); });
  for (int i = 0; i < options_.workers; ++i) start_worker();
}

void Supervisor::start_worker() {
  cluster::Worker& worker = cluster::fork();
  const auto too_late = [&worker] {
    complain("cluster: " + name_of(worker) +
             " is not listening, so it is killed (--start-timeout)");
    worker.kill(SIGKILL);
  };
  start_timers_.try_emplace(worker.id(), too_late).first->second.start(options_.start_timeout);
}

// Starts what is missing. If this process may not fork now, or has no free descriptor, a little
// later.
void Supervisor::fill() {
  try {
    while (!stopping_ && std::ssize(cluster::workers()) < options_.workers) {
      if (!may_start_now()) return retry_.start(kPeriod / kMaxFailures);
      start_worker();
    }
  } catch (const std::system_error& error) {
    complain(std::string("cluster: no new worker: ") + error.what());
    retry_.start(kPeriod);
  }
}

bool Supervisor::may_start_now() {
  while (!failures_.empty() && Clock::now() - failures_.front() > kPeriod) failures_.pop_front();
  return failures_.size() < kMaxFailures;
}

void Supervisor::listening(cluster::Worker& worker, const cluster::Query& where) {
  say(name_of(worker) + " listening");
  start_timers_.erase(worker.id());
  served_ = true;
  fill();  // others may have failed before, when there was no telling whether any would succeed

  int ready = 0;
  for (const auto& [id, other] : cluster::workers()) ready += is_listening(*other) ? 1 : 0;
  if (ready < options_.workers || std::exchange(announced_, true)) return;
  say("listening on " + place_of(where) + " (policy " + cluster::to_string(cluster::policy()) +
      ", " + std::to_string(options_.workers) + " workers, pid " + std::to_string(getpid()) + ")");
}

void Supervisor::exited(cluster::Worker& worker, const cluster::Ending& ending) {
  const bool never_listened = start_timers_.erase(worker.id()) != 0;
  const bool as_asked = worker.exited_after_disconnect() && ending.code == 0;
  if (!as_asked) say(name_of(worker) + " died (" + to_string(ending) + ")");
  if (stopping_) return;
  if (never_listened) failures_.push_back(Clock::now());
  if (served_)
    fill();
  else if (cluster::workers().empty())
    complain("cluster: no worker came to listen");
}

void Supervisor::stop() {
  if (std::exchange(stopping_, true)) return kill_all();
  retry_.stop();
  start_timers_.clear();
  drain_.start(options_.drain_timeout);
  cluster::disconnect([this] { drain_.stop(); });
}

void Supervisor::kill_all() {
  for (const auto& [id, worker] : cluster::workers()) worker->kill(SIGKILL);
}

}  // namespace supervisor
