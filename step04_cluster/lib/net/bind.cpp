#include "net/bind.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <uv.h>

#include <cerrno>

#include "listener.h"
#include "net/socket.h"
#include "sys_error.h"

namespace net {

namespace {

constexpr int kFlags = SOCK_CLOEXEC | SOCK_NONBLOCK;

union Name {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

// The address in the binary form that bind(2) wants.
Name binary_name(const std::string& address, int port) {
  Name name = {};
  if (uv_ip4_addr(address.c_str(), port, &name.v4) != 0 &&
      uv_ip6_addr(address.c_str(), port, &name.v6) != 0) {
    throw ListenError(EINVAL, host_and_port(address, port));
  }
  return name;
}

void set(int socket, int level, int option, bool value) {
  const int number = value ? 1 : 0;
  check(setsockopt(socket, level, option, &number, sizeof(number)), "setsockopt");
}

UniqueFd bind_to_address(int kind, const std::string& address, int port, BindOptions options) {
  const Name name = binary_name(address, port);
  const bool is_ipv6 = name.any.sa_family == AF_INET6;
  UniqueFd bound(::socket(name.any.sa_family, kind | kFlags, 0));
  if (!bound) throw ListenError(errno, host_and_port(address, port));

  set(bound.get(), SOL_SOCKET, SO_REUSEADDR, options.reuse_address);
  set(bound.get(), SOL_SOCKET, SO_REUSEPORT, options.reuse_port);
  if (is_ipv6) set(bound.get(), IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6_only);
  const socklen_t size = is_ipv6 ? sizeof(name.v6) : sizeof(name.v4);
  if (bind(bound.get(), &name.any, size) == -1)
    throw ListenError(errno, host_and_port(address, port));
  return bound;
}

// The kernel may be without it, a container's filter may refuse it, or it is switched off: then it
// cannot be bound. A shortage proves nothing.
bool machine_has_ipv6() {
  const UniqueFd socket(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return is_shortage(errno);
  const Name name = binary_name("::", 0);
  return bind(socket.get(), &name.any, sizeof(name.v6)) == 0 || errno != EADDRNOTAVAIL;
}

}  // namespace

std::string every_address() {
  return machine_has_ipv6() ? "::" : "0.0.0.0";
}

UniqueFd bind_tcp(const std::optional<std::string>& address, int port, BindOptions options) {
  options.reuse_address = true;  // see the listener of step 1
  const std::string where = address ? *address : every_address();
  UniqueFd bound = bind_to_address(SOCK_STREAM, where, port, options);
  set(bound.get(), IPPROTO_TCP, TCP_NODELAY, true);
  return bound;
}

void reuse_port(int socket) {
  set(socket, SOL_SOCKET, SO_REUSEPORT, true);
}

UniqueFd bind_udp(const std::string& address, int port, BindOptions options) {
  return bind_to_address(SOCK_DGRAM, address, port, options);
}

BoundSocket bind_unix(const std::string& path, FileMode mode) {
  UniqueFd bound(socket(AF_UNIX, SOCK_STREAM | kFlags, 0));
  if (!bound) throw ListenError(errno, describe_path(path));
  SocketFile file(bound.get(), path, mode);
  return {std::move(bound), std::move(file)};
}

void listen_on(int socket, const std::string& where, int backlog) {
  if (listen(socket, backlog) == -1) throw ListenError(errno, where);
}

}  // namespace net
