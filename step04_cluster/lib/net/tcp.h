// TCP sockets, as this step needs them. See tcp(7).
#pragma once

#include <optional>
#include <string>

#include "unique_fd.h"

namespace net {

// Returns a socket bound to `address`, which is numeric; none means every address of this machine,
// IPv6 and IPv4, or IPv4 alone where there is no IPv6. It does not listen yet; it is non-blocking
// and close-on-exec, and what is accepted from it will send small answers at once (TCP_NODELAY).
// Throws ListenError, see listener.h.
struct BindOptions {
  bool ipv6_only = false;
  bool reuse_port =
      false;  // several sockets may be bound to the port, each with a queue of its own
};
UniqueFd bind_tcp(const std::optional<std::string>& address, int port, BindOptions options = {});

// Where `socket` is bound: the address alone, "127.0.0.1" or "::1". Throws std::system_error.
std::string local_address(int socket);

// Is `fd` a TCP socket that is bound, and not connected? Is it a connected stream socket? For
// descriptors that came from another process.
bool could_listen(int fd);
bool is_connection(int fd);

}  // namespace net
