// Sockets that are bound, as the primary makes them for its workers. They do not listen yet; they
// are non-blocking and close-on-exec. All of these throw ListenError, see listener.h.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "unique_fd.h"

namespace net {

struct BindOptions {
  bool ipv6_only = false;
  bool reuse_port = false;     // several sockets may have the port, each with a queue of its own
  bool reuse_address = false;  // for UDP: several sockets may have the address and the port
};

// `address` is numeric; none means every address of this machine, IPv6 and IPv4, or IPv4 alone
// where there is no IPv6. What is accepted from it will send small answers at once (TCP_NODELAY).
// See tcp(7).
UniqueFd bind_tcp(const std::optional<std::string>& address, int port, BindOptions options = {});

// The same for datagrams; `address` is not optional. See udp(7).
UniqueFd bind_udp(const std::string& address, int port, BindOptions options = {});

// Who may connect to a socket with a name in the file system: whoever may write to that file. That
// is its owner and, as umask(2) has it, his group, unless all shall be able to, or nobody else.
// (Node has an option for reading, too.)
struct FileMode {
  bool readable_by_all = false;
  bool writable_by_all = false;
  bool only_owner = false;
};

// A file of this name that is left over from a server which is gone is replaced. EADDRINUSE if
// somebody listens there, or if it is something else. See unix(7).
UniqueFd bind_unix(const std::string& path, FileMode mode = {});

// Owns the name of such a socket: removes the file in the end.
class SocketFile {
 public:
  SocketFile() = default;
  explicit SocketFile(std::string path) : path_(std::move(path)) {}
  SocketFile(SocketFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  SocketFile& operator=(SocketFile&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~SocketFile();

 private:
  std::string path_;
};

}  // namespace net
