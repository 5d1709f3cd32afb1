#include "listener.h"

#include <poll.h>
#include <sys/socket.h>

#include "sys_error.h"

UniqueFd bind_to(const std::string& address, int port) {
  const BinaryAddress binary = binary_address(address, port);
  UniqueFd bound(check(socket(binary->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
  // Closed connections of an earlier server stay in TIME_WAIT for a minute; without this they
  // would keep the port from us for as long.
  const int yes = 1;
  check(setsockopt(bound.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)), "setsockopt");
  if (bind(bound.get(), binary->ai_addr, binary->ai_addrlen) == -1) {
    throw ListenError(errno, host_and_port(address, port));
  }
  return bound;
}

void start_listening(int socket) {
  if (listen(socket, SOMAXCONN) == -1) throw ListenError(errno, address_of(socket));
}

UniqueFd accept_from(int listener) {
  while (true) {
    const int connection = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection != -1) return UniqueFd(connection);
    const int error = errno;
    if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
      poll(nullptr, 0, 100);  // the client stays in the queue; asking at once would burn the CPU
    } else if (error == EBADF || error == EINVAL || error == ENOTSOCK || error == EOPNOTSUPP) {
      throw_errno("accept");
    } else if (error == EAGAIN) {
      // Somebody who shares this socket has made it non-blocking, for all who share it.
      pollfd readable = {listener, POLLIN, 0};
      poll(&readable, 1, -1);
    }
    // Anything else happened to a client while it waited (ECONNABORTED, ENETDOWN): on to the next.
  }
}
