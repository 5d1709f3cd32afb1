#include "net/socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "sys_error.h"

namespace net {

namespace {

int get(int socket, int option) {
  int value = -1;
  socklen_t size = sizeof(value);
  getsockopt(socket, SOL_SOCKET, option, &value, &size);
  return value;
}

}  // namespace

std::string local_address(int socket) {
  sockaddr_storage name = {};
  socklen_t size = sizeof(name);
  auto* any = reinterpret_cast<sockaddr*>(&name);
  check(getsockname(socket, any, &size), "getsockname");
  if (name.ss_family == AF_UNIX) return "";
  char host[NI_MAXHOST] = "";
  getnameinfo(any, size, host, sizeof(host), nullptr, 0, NI_NUMERICHOST);
  return host;
}

bool can_accept(int listener) {
  pollfd end = {listener, POLLRDHUP, 0};  // POLLHUP and POLLERR are always asked for
  return get(listener, SO_ACCEPTCONN) == 1 && poll(&end, 1, 0) == 0;
}

uid_t peer_of(int connection) {
  ucred peer = {};
  socklen_t size = sizeof(peer);
  check(getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size), "getsockopt SO_PEERCRED");
  return peer.uid;
}

// For a socket that listens, the kernel puts the length of its queue there: see ss(8), Recv-Q.
std::size_t queue_of(int listener) {
  tcp_info info = {};
  socklen_t size = sizeof(info);
  if (get(listener, SO_ACCEPTCONN) != 1) return 0;
  if (getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &size) == -1) return 0;
  return info.tcpi_unacked;
}

bool could_listen(int fd) {
  sockaddr_storage peer;
  socklen_t size = sizeof(peer);
  const bool is_known = get(fd, SO_DOMAIN) == AF_UNIX || get(fd, SO_PROTOCOL) == IPPROTO_TCP;
  return is_known && get(fd, SO_TYPE) == SOCK_STREAM &&
         getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == -1;
}

bool is_connection(int fd) {
  return get(fd, SO_TYPE) == SOCK_STREAM && get(fd, SO_ACCEPTCONN) == 0;
}

bool is_shortage(int error) {
  switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case ETOOMANYREFS:
      return true;
    default:
      return false;
  }
}

}  // namespace net
