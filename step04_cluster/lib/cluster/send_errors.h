// What may go wrong with a channel, and does not mean that the other end breaks the protocol.
#pragma once

#include <cerrno>
#include <system_error>

namespace cluster {

// The kernel's buffer is full, or there is nothing to read.
inline bool would_block(const std::system_error& error) {
  return error.code() == std::errc::resource_unavailable_try_again;
}

// The kernel has no room just now: for one more descriptor of this user in flight, see ETOOMANYREFS
// in unix(7), or for the message. That passes, but nobody tells us when.
inline bool is_shortage(const std::system_error& error) {
  const int code = error.code().value();
  return code == ETOOMANYREFS || code == ENOBUFS || code == ENOMEM;
}

// The other end is gone: an ordinary event in the life of a channel.
inline bool is_gone(const std::system_error& error) {
  return error.code() == std::errc::broken_pipe || error.code() == std::errc::connection_reset;
}

}  // namespace cluster
