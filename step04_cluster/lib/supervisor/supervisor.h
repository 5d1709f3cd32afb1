// Keeps a number of workers running, and ends them when it is told to. It uses nothing but what the
// cluster offers to everybody, as process managers use Node's.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "cluster/cluster.h"
#include "loop/signal_watcher.h"
#include "loop/timer.h"

namespace supervisor {

struct Options {
  int workers = 1;
  std::chrono::milliseconds start_timeout = std::chrono::seconds(10);  // to be listening by then
  std::chrono::milliseconds drain_timeout = std::chrono::seconds(10);  // to be gone by then
};

// Prints what happens to the workers. Replaces one that ends unasked: at once if it had been
// listening; at most three a second that had not. If none of the first ones comes to listen, it
// gives up. SIGTERM and SIGINT ask all workers to leave; a second one kills them.
class Supervisor {
 public:
  // Starts the workers. Throws std::system_error.
  explicit Supervisor(const Options& options);

  // After cluster::run(): 0 if the end was asked for, else 1.
  int exit_status() const { return stopping_ ? 0 : 1; }

 private:
  void fill();
  void start_worker();
  bool may_start_now();
  void listening(cluster::Worker& worker, const cluster::Query& where);
  void exited(cluster::Worker& worker, const cluster::Ending& ending);
  void stop();
  void kill_all();

  Options options_;
  bool served_ = false;     // at least one worker has been listening
  bool announced_ = false;  // all have been
  bool stopping_ = false;
  std::map<int, loop::Timer> start_timers_;  // by worker id; of those that are not listening yet
  std::deque<std::chrono::steady_clock::time_point> failures_;  // of the last second
  loop::Timer retry_;
  loop::Timer drain_;
  loop::SignalWatcher terminate_;
  loop::SignalWatcher interrupt_;
};

}  // namespace supervisor
