#include "net/bind.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>

#include "listener.h"
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

void set(const UniqueFd& socket, int level, int option, bool value) {
  const int number = value ? 1 : 0;
  check(setsockopt(socket.get(), level, option, &number, sizeof(number)), "setsockopt");
}

UniqueFd bind_to_address(int kind, const std::string& address, int port, BindOptions options) {
  const Name name = binary_name(address, port);
  const bool is_ipv6 = name.any.sa_family == AF_INET6;
  UniqueFd bound(::socket(name.any.sa_family, kind | kFlags, 0));
  if (!bound) throw ListenError(errno, host_and_port(address, port));

  set(bound, SOL_SOCKET, SO_REUSEADDR, options.reuse_address);
  set(bound, SOL_SOCKET, SO_REUSEPORT, options.reuse_port);
  if (is_ipv6) set(bound, IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6_only);
  const socklen_t size = is_ipv6 ? sizeof(name.v6) : sizeof(name.v4);
  if (bind(bound.get(), &name.any, size) == -1)
    throw ListenError(errno, host_and_port(address, port));
  return bound;
}

bool machine_has_ipv6() {
  return UniqueFd(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)) || errno != EAFNOSUPPORT;
}

sockaddr_un unix_name(const std::string& path) {
  sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = {}};
  if (path.size() >= sizeof(name.sun_path)) throw ListenError(ENAMETOOLONG, path);
  path.copy(name.sun_path, path.size());
  return name;
}

const sockaddr* any(const sockaddr_un& name) {
  return reinterpret_cast<const sockaddr*>(&name);
}

// Does nobody listen there any more? Only then does connect(2) say "refused".
bool is_left_over(const sockaddr_un& name) {
  const UniqueFd client(socket(AF_UNIX, SOCK_STREAM | kFlags, 0));
  return connect(client.get(), any(name), sizeof(name)) == -1 && errno == ECONNREFUSED;
}

void allow(const std::string& path, FileMode mode) {
  struct stat status = {};
  check(stat(path.c_str(), &status), "stat");
  const unsigned read = mode.readable_by_all ? S_IRUSR | S_IRGRP | S_IROTH : 0;
  const unsigned write = mode.writable_by_all ? S_IWUSR | S_IWGRP | S_IWOTH : 0;
  check(chmod(path.c_str(), status.st_mode | read | write), "chmod");
}

}  // namespace

UniqueFd bind_tcp(const std::optional<std::string>& address, int port, BindOptions options) {
  options.reuse_address = true;  // see the listener of step 1
  const std::string every = machine_has_ipv6() ? "::" : "0.0.0.0";
  UniqueFd bound = bind_to_address(SOCK_STREAM, address.value_or(every), port, options);
  set(bound, IPPROTO_TCP, TCP_NODELAY, true);
  return bound;
}

UniqueFd bind_udp(const std::string& address, int port, BindOptions options) {
  return bind_to_address(SOCK_DGRAM, address, port, options);
}

UniqueFd bind_unix(const std::string& path, FileMode mode) {
  const sockaddr_un name = unix_name(path);
  UniqueFd bound(socket(AF_UNIX, SOCK_STREAM | kFlags, 0));
  if (!bound) throw ListenError(errno, path);
  if (mode.only_owner) check(fchmod(bound.get(), S_IRUSR | S_IWUSR), "fchmod");  // for the file
  int result = bind(bound.get(), any(name), sizeof(name));
  if (result == -1 && errno == EADDRINUSE && is_left_over(name)) {
    unlink(path.c_str());
    result = bind(bound.get(), any(name), sizeof(name));
  }
  if (result == -1) throw ListenError(errno, path);
  allow(path, mode);
  return bound;
}

SocketFile::~SocketFile() {
  if (!path_.empty()) unlink(path_.c_str());
}

}  // namespace net
