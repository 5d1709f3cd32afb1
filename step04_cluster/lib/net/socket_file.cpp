#include "net/socket_file.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>

#include "listener.h"
#include "net/lock_file.h"
#include "sys_error.h"
#include "unique_fd.h"

namespace net {

namespace {

// Nothing, if there is no such file. A symbolic link is not followed: bind(2) does not, either.
std::optional<struct stat> status_of(const std::string& path) {
  struct stat status = {};
  if (lstat(path.c_str(), &status) == -1) return std::nullopt;
  return status;
}

const char* kind_of(mode_t mode) {
  if (S_ISREG(mode)) return "a regular file";
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISLNK(mode)) return "a symbolic link";
  return S_ISFIFO(mode) ? "a FIFO" : "a device";
}

const sockaddr* any(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

// Is it the file of a socket that no process has any more? A connection to a socket that does not
// listen yet would be refused in the same way. But we ask for datagrams: of any stream socket, the
// kernel says that it is of the wrong type, and "refused" only if there is none.
bool is_left_over(const std::string& path, const sockaddr_un& address) {
  const auto status = status_of(path);
  if (!status || !S_ISSOCK(status->st_mode)) return false;
  const UniqueFd client(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return client && connect(client.get(), any(address), sizeof(address)) == -1 &&
         errno == ECONNREFUSED;
}

// While this exists, the files that this process makes have that mode, as far as it matters for
// sockets. The mode of a file that is there already could only be changed by its name, and
// somebody else may have put another file there in the meantime.
class Umask {
 public:
  explicit Umask(FileMode mode) : before_(umask(S_IRWXG | S_IRWXO)) {
    const mode_t read = mode.readable_by_all ? S_IRUSR | S_IRGRP | S_IROTH : 0;
    const mode_t write = mode.writable_by_all ? S_IWUSR | S_IWGRP | S_IWOTH : 0;
    umask(mode.only_owner ? S_IXUSR | S_IRWXG | S_IRWXO : before_ & ~(read | write));
  }
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;
  ~Umask() { umask(before_); }

 private:
  const mode_t before_;
};

// Returns an errno, or 0.
int bind_to(int socket, const sockaddr_un& address) {
  return bind(socket, any(address), sizeof(address)) == -1 ? errno : 0;
}

// The lock is for servers that start at once. Without it, two could find the same file left over;
// then one binds, and the other one removes the new file.
void bind_to_path(int socket, const std::string& path, FileMode mode) {
  const sockaddr_un address = address_of_path(path);
  const LockFile lock(path + ".starting", S_IRUSR | S_IWUSR, path);
  const Umask umask(mode);
  int error = bind_to(socket, address);
  if (error == EADDRINUSE && is_left_over(path, address)) {
    unlink(path.c_str());
    error = bind_to(socket, address);
  }
  if (error != 0) throw std::system_error(error, std::generic_category(), path);
}

}  // namespace

std::string resolve(const std::string& path) {
  if (path.empty()) return path;
  return std::filesystem::absolute(path).lexically_normal();
}

sockaddr_un address_of_path(const std::string& path) {
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  std::string name = path;
  errno = EINVAL;  // with a zero in front, a name would not be that of a file
  if (name.empty() || name.find('\0') != name.npos) throw_errno(path);
  if (name.size() >= sizeof(address.sun_path))
    name = std::filesystem::path(resolve(path)).lexically_relative(std::filesystem::current_path());
  errno = ENAMETOOLONG;
  if (name.size() >= sizeof(address.sun_path)) throw_errno(path);
  name.copy(address.sun_path, name.size());
  return address;
}

std::string describe_path(const std::string& path) {
  const auto status = status_of(path);
  const bool is_other = status && !S_ISSOCK(status->st_mode);
  return "unix:" + path + (is_other ? std::string(" (") + kind_of(status->st_mode) + ")" : "");
}

SocketFile::SocketFile(int socket, const std::string& path, FileMode mode) {
  try {
    path_ = resolve(path);
    bind_to_path(socket, path, mode);
  } catch (const std::system_error& error) {
    const bool is_locked = error.code().value() == EWOULDBLOCK;
    throw ListenError(is_locked ? EADDRINUSE : error.code().value(), describe_path(path));
  }
  const auto status = status_of(path_);
  if (!status || !S_ISSOCK(status->st_mode))
    return;  // so soon it is another's: no file has inode 0
  device_ = status->st_dev;
  inode_ = status->st_ino;
}

SocketFile::~SocketFile() {
  const auto status = status_of(path_);
  if (status && status->st_dev == device_ && status->st_ino == inode_) unlink(path_.c_str());
}

}  // namespace net
