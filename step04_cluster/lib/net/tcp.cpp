#include "net/tcp.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <uv.h>

#include "listener.h"
#include "sys_error.h"

namespace net {

namespace {

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

void set(int socket, int level, int option, int value) {
  check(setsockopt(socket, level, option, &value, sizeof(value)), "setsockopt");
}

int get(int socket, int option) {
  int value = -1;
  socklen_t size = sizeof(value);
  getsockopt(socket, SOL_SOCKET, option, &value, &size);
  return value;
}

Name name_of(int socket) {
  Name name = {};
  socklen_t size = sizeof(name);
  check(getsockname(socket, &name.any, &size), "getsockname");
  return name;
}

UniqueFd bind_to_address(const std::string& address, int port, BindOptions options) {
  const Name name = binary_name(address, port);
  const bool is_ipv6 = name.any.sa_family == AF_INET6;
  const int kind = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
  UniqueFd bound(::socket(name.any.sa_family, kind, 0));
  if (!bound) throw ListenError(errno, host_and_port(address, port));

  set(bound.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  set(bound.get(), SOL_SOCKET, SO_REUSEPORT, options.reuse_port ? 1 : 0);
  set(bound.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  if (is_ipv6) set(bound.get(), IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6_only ? 1 : 0);
  const socklen_t size = is_ipv6 ? sizeof(name.v6) : sizeof(name.v4);
  if (bind(bound.get(), &name.any, size) == -1)
    throw ListenError(errno, host_and_port(address, port));
  return bound;
}

bool machine_has_ipv6() {
  return UniqueFd(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)) || errno != EAFNOSUPPORT;
}

}  // namespace

UniqueFd bind_tcp(const std::optional<std::string>& address, int port, BindOptions options) {
  if (address) return bind_to_address(*address, port, options);
  return bind_to_address(machine_has_ipv6() ? "::" : "0.0.0.0", port, options);
}

std::string local_address(int socket) {
  const Name name = name_of(socket);
  char host[NI_MAXHOST] = "";
  getnameinfo(&name.any, sizeof(name), host, sizeof(host), nullptr, 0, NI_NUMERICHOST);
  return host;
}

bool could_listen(int fd) {
  sockaddr_storage peer;
  socklen_t size = sizeof(peer);
  return get(fd, SO_TYPE) == SOCK_STREAM && get(fd, SO_PROTOCOL) == IPPROTO_TCP &&
         getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == -1;
}

// A client may have gone in the meantime, so whether it is connected now is not asked.
bool is_connection(int fd) {
  return get(fd, SO_TYPE) == SOCK_STREAM && get(fd, SO_ACCEPTCONN) == 0;
}

}  // namespace net
