// The workers, as the supervisor knows them.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "cluster/cluster.h"
#include "loop/timer.h"
#include "supervisor/agent.h"

namespace supervisor {

struct Member {
  using Clock = std::chrono::steady_clock;

  cluster::Worker& worker;
  int generation;  // it was started after so many reloads
  Clock::time_point started = Clock::now();
  bool has_listened = false;
  bool is_up = false;                           // has listened, or is online, if that is enough
  bool has_lived = false;                       // has listened for a while: see Backoff
  bool is_outdated = false;                     // is to leave when its successor listens
  bool is_leaving = false;                      // was asked to leave
  std::optional<Clock::time_point> heard = {};  // when it answered last
  std::optional<Counters> counters = {};        // what it said then
  std::optional<loop::Timer> timer = {};

  bool is_staying() const { return !is_leaving; }
  bool is_ready() const { return is_up && !is_leaving && worker.is_connected(); }
  bool is_listening() const { return has_listened && !is_leaving; }
  bool awaits_successor() const { return is_outdated && !is_leaving; }

  // After `time` it is killed, see kill_late(), unless `timer` gets something else to do.
  void kill_after(std::chrono::milliseconds time, const std::string& why);
};

// Those that have not exited, by id.
using Members = std::map<int, Member>;

int count(const Members& members, bool (Member::*is)() const);

// The oldest of those whose successor is there; if nobody has a successor, the oldest of all. There
// is one that is ready.
Member& first_to_leave(Members& members);

// Kills `worker`, and logs why: "does not leave, so it is killed (--drain-timeout)".
void kill_late(cluster::Worker& worker, const std::string& why);

// "worker 3 (pid 4245)"
std::string name_of(const cluster::Worker& worker);

// "http://127.0.0.1:8000", "unix:/run/app.sock"
std::string place_of(const cluster::Query& where);

}  // namespace supervisor
