// The worker's side of supervision, and what the two sides say to each other: ordinary messages, as
// any program that uses the cluster may send them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "loop/signal_watcher.h"

namespace supervisor {

// What a worker tells of itself.
struct Counters {
  std::uint64_t open = 0;         // connections, now
  std::uint64_t connections = 0;  // so far
  std::uint64_t requests = 0;     // so far
};

// To the worker: "are you there?", and "the service ends soon: say so, if somebody asks". From the
// worker: "I have worked enough, start a successor".
inline const std::string kPing = R"({"supervisor":"ping"})";
inline const std::string kDrain = R"({"supervisor":"drain"})";
inline const std::string kRetire = R"({"supervisor":"retire"})";

// The answer to kPing. A worker in another language may leave the counters out.
std::string pong(const Counters& counters);
std::optional<Counters> read_pong(const std::string& json);

// Answers the supervisor, from the loop, as long as the worker lives. SIGTERM lets the worker leave
// as if it had been asked to: a user who sends that to all processes does not want to cut requests.
class Agent {
 public:
  // `counters` returns what this worker has to tell. `drain` is called when the service ends soon:
  // from then on, a load balancer that asks is to hear that. What they refer to must outlive
  // cluster::run().
  Agent(std::function<Counters()> counters, std::function<void()> drain);

  // Asks for a successor: this worker is told to leave when the successor listens.
  static void retire();

 private:
  loop::SignalWatcher term_;
};

}  // namespace supervisor
