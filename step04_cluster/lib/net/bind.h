// Sockets that are bound, as the primary makes them for its workers. They do not listen yet; they
// are non-blocking and close-on-exec. All of these throw ListenError, see listener.h.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>
#include <utility>

#include "net/socket_file.h"
#include "unique_fd.h"

namespace net {

// A bound socket and, if it has a name in the file system, that. The name goes first.
struct BoundSocket {
  BoundSocket(UniqueFd socket, SocketFile name = {})
      : fd(std::move(socket)), file(std::move(name)) {}

  UniqueFd fd;
  SocketFile file;
};

struct BindOptions {
  bool ipv6_only = false;
  bool reuse_port = false;     // several sockets may have the port, each with a queue of its own
  bool reuse_address = false;  // for UDP: several sockets may have the address and the port
};

// What stands for every address of this machine: "::" for IPv6 and IPv4, or "0.0.0.0", IPv4 alone,
// where there is no IPv6: unknown to the kernel, refused by a container's filter, or switched off.
std::string every_address();

// `address` is numeric; none means every_address(). What is accepted from it will send small
// answers at once (TCP_NODELAY). See tcp(7).
UniqueFd bind_tcp(const std::optional<std::string>& address, int port, BindOptions options = {});

// From now on other sockets may have the port of `socket`, those with `reuse_port` of this user.
// Throws std::system_error. See SO_REUSEPORT in socket(7).
void reuse_port(int socket);

// The same for datagrams; `address` is not optional. See udp(7).
UniqueFd bind_udp(const std::string& address, int port, BindOptions options = {});

// `mode` is that of the file. See SocketFile, and unix(7).
BoundSocket bind_unix(const std::string& path, FileMode mode = {});

// Makes a bound socket accept connections; `where` is what an error names. See listen(2).
void listen_on(int socket, const std::string& where, int backlog = SOMAXCONN);

}  // namespace net
