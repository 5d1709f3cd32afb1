// The worker's side of supervision.
#pragma once

#include <functional>

#include "loop/signal_watcher.h"
#include "supervisor/messages.h"

namespace supervisor {

// Answers the supervisor, from the loop, as long as the worker lives. SIGTERM lets the worker leave
// as if it had been asked to: whoever sends that to all processes does not want to cut requests.
class Agent {
 public:
  // `counters` tells what this worker has to tell. `drain` is called when the service is to end:
  // from now on, whoever asks shall hear that. Both must outlive cluster::run().
  Agent(std::function<Counters()> counters, std::function<void()> drain);

  // Asks for a successor: this worker will be told to leave when that one listens.
  static void retire();

 private:
  loop::SignalWatcher term_;
};

}  // namespace supervisor
