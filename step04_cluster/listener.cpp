#include "listener.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <memory>

#include "sys_error.h"

namespace {

std::string advice(int error) {
  if (error == EADDRINUSE) return " (another server? try --port 0)";
  if (error == EACCES) return " (ports below 1024 may be for root alone; try --port 8000)";
  return "";
}

using AddressInfo = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

// The address in the binary form that bind(2) wants. Numeric, so that no name server is asked.
AddressInfo binary_address(const std::string& address, int port) {
  addrinfo hints = {};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (port < 0 || port > 65535 ||  // getaddrinfo() would wrap 65536 to 0
      getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    throw ListenError(EINVAL, host_and_port(address, port));
  }
  return {found, &freeaddrinfo};
}

}  // namespace

std::string host_and_port(const std::string& host, int port) {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

ListenError::ListenError(int error, const std::string& where)
    : std::system_error(error, std::generic_category(), "listen " + where),
      text_(std::system_error::what() + advice(error)) {}

UniqueFd bind_to(const std::string& address, int port) {
  const AddressInfo info = binary_address(address, port);
  UniqueFd bound(check(socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
  // Closed connections of an earlier server stay in TIME_WAIT for a minute; without this they
  // would keep the port from us for as long.
  const int yes = 1;
  check(setsockopt(bound.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)), "setsockopt");
  if (bind(bound.get(), info->ai_addr, info->ai_addrlen) == -1) {
    throw ListenError(errno, host_and_port(address, port));
  }
  return bound;
}

void start_listening(int socket) {
  if (listen(socket, SOMAXCONN) == -1) throw ListenError(errno, address_of(socket));
}

std::string address_of(int socket) {
  sockaddr_storage name = {};
  socklen_t size = sizeof(name);
  check(getsockname(socket, reinterpret_cast<sockaddr*>(&name), &size), "getsockname");
  char host[NI_MAXHOST] = "";
  char port[NI_MAXSERV] = "";
  getnameinfo(reinterpret_cast<sockaddr*>(&name), size, host, sizeof(host), port, sizeof(port),
              NI_NUMERICHOST | NI_NUMERICSERV);
  return host_and_port(host, std::stoi(port));
}

int port_of(int socket) {
  const std::string address = address_of(socket);
  return std::stoi(address.substr(address.rfind(':') + 1));
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
    // Anything else befell a client while it waited (ECONNABORTED, ENETDOWN): on to the next.
  }
}
