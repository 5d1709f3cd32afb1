// Has somebody read from this connection? The kernel knows, even if that process is dead.
#pragma once

#include <cstdint>
#include <optional>

namespace net {

// What the processes of this machine have done with a connection so far. Two equal results mean
// that nobody has read from it or written to it in between.
struct Traffic {
  std::uint64_t read = 0;
  std::uint64_t written = 0;
  bool operator==(const Traffic&) const = default;
};

// Nothing, if the kernel does not count: it does for TCP. See TCP_INFO in tcp(7).
std::optional<Traffic> traffic_of(int connection);

}  // namespace net
