// The worker's side of supervision.
#pragma once

#include <functional>

#include "supervisor/messages.h"

namespace supervisor {

// Answers the supervisor, from the loop, as long as the worker lives.
class Agent {
 public:
  // `counters` tells what this worker has to tell. `drain` is called when the service is to end:
  // from now on, whoever asks shall hear that. Both must outlive cluster::run().
  Agent(std::function<Counters()> counters, std::function<void()> drain);

  // Asks for a successor: this worker will be told to leave when that one listens.
  static void retire();
};

}  // namespace supervisor
