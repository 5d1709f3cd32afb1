#include "supervisor/agent.h"

#include <csignal>
#include <utility>

#include "cluster/cluster.h"

namespace supervisor {

Agent::Agent(std::function<Counters()> counters, std::function<void()> drain)
    : term_(SIGTERM, [] { cluster::worker().terminate(); }) {
  const auto answer = [counters = std::move(counters),
                       drain = std::move(drain)](const std::string& json) {
    if (json == kPing) cluster::worker().send(pong(counters()));
    if (json == kDrain) drain();
  };
  cluster::worker().on_message(answer);
}

void Agent::retire() {
  cluster::worker().send(kRetire);
}

}  // namespace supervisor
