// What the supervisor and its workers say to each other: ordinary messages, as any program that
// uses the cluster may send them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace supervisor {

// What a worker tells of itself.
struct Counters {
  std::uint64_t open = 0;         // connections, now
  std::uint64_t connections = 0;  // so far
  std::uint64_t requests = 0;     // so far
};

// To the worker: "are you there?", and "soon we end: say so, if somebody asks how you are". From
// the worker: "I have worked enough, and should like to have a successor".
inline const std::string kPing = R"({"supervisor":"ping"})";
inline const std::string kDrain = R"({"supervisor":"drain"})";
inline const std::string kRetire = R"({"supervisor":"retire"})";

// The answer to kPing. A worker in another language may leave the counters out.
std::string pong(const Counters& counters);
std::optional<Counters> read_pong(const std::string& json);

}  // namespace supervisor
