// What the supervisor knows of one worker.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "cluster/cluster.h"
#include "loop/timer.h"
#include "supervisor/messages.h"

namespace supervisor {

struct Member {
  using Clock = std::chrono::steady_clock;

  cluster::Worker& worker;
  int generation;  // it was started after so many reloads
  Clock::time_point started = Clock::now();
  bool has_listened = false;
  bool has_come = false;                        // has listened, or is online, if that is enough
  bool has_lived = false;                       // has listened for a while: see Backoff
  bool is_outdated = false;                     // shall leave when its successor listens
  bool is_leaving = false;                      // was asked to leave
  std::optional<Clock::time_point> heard = {};  // when it answered last
  std::optional<Counters> counters = {};        // what it said then
  std::optional<loop::Timer> timer = {};

  bool is_staying() const { return !is_leaving; }
  bool is_ready() const { return has_come && !is_leaving && worker.is_connected(); }
};

// "worker 3 (pid 4245)"
std::string name_of(const cluster::Worker& worker);

// "http://127.0.0.1:8000", "unix:/run/app.sock"
std::string place_of(const cluster::Query& where);

}  // namespace supervisor
