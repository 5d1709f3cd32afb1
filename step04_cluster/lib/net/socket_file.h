// The names of Unix-domain sockets: files, which stay when their sockets are gone. See unix(7).
#pragma once

#include <sys/types.h>
#include <sys/un.h>

#include <string>
#include <utility>

namespace net {

// Who may connect to a socket with a name in the file system? Those who may write to that file: its
// owner and, as umask(2) has it, its group; unless this says all, or nobody else.
// (Node has an option for reading, too.)
struct FileMode {
  bool readable_by_all = false;
  bool writable_by_all = false;
  bool only_owner = false;
};

// The path from the root, as path.resolve() in Node has it: without "." and the like.
std::string resolve(const std::string& path);

// The address of the socket with this name, for bind(2) and connect(2). There is room for 107
// bytes: a longer path is written as it is seen from the current folder, as in Node, if that is
// shorter. Throws std::system_error: ENAMETOOLONG if it does not fit, EINVAL if it is no path.
sockaddr_un address_of_path(const std::string& path);

// For errors: "unix:/run/app.sock"; and where something else has that name, what it is:
// "unix:/etc/motd (a regular file)".
std::string describe_path(const std::string& path);

// Owns the name of a socket: removes the file in the end.
class SocketFile {
 public:
  SocketFile() = default;  // of a socket that has none

  // Binds `socket`, a Unix-domain one, to `path`. The file of a socket which no process has any
  // more is replaced. Anything else stays as it is: EADDRINUSE. Throws ListenError.
  SocketFile(int socket, const std::string& path, FileMode mode);

  // To be destroyed before the socket is closed: until then nobody else takes the name, nor can
  // another file have the same inode. If somebody has removed the file, and there is another one
  // now, that is not ours.
  ~SocketFile();

  SocketFile(SocketFile&& other) noexcept
      : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}
  SocketFile& operator=(SocketFile&&) = delete;

 private:
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace net
