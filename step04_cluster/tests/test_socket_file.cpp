#include "net/socket_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "cluster/utils.h"
#include "listener.h"
#include "net/bind.h"

namespace {

// What somebody else does just then.
std::function<void()> after_bind;
std::function<void()> after_connect;
std::function<void(const std::string& path)> before_unlink;
int error_of_listen = 0;

// The result of a system call, after `then` has been done. (A copy: it may forget itself.)
int result_of(long result, const std::function<void()> then) {
  const int error = errno;
  if (then) then();
  errno = error;
  return static_cast<int>(result);
}

}  // namespace

// These are called in place of those of the C library.
extern "C" int bind(int socket, const sockaddr* address, socklen_t size) noexcept {
  return result_of(syscall(SYS_bind, socket, address, size), after_bind);
}

extern "C" int connect(int socket, const sockaddr* address, socklen_t size) {
  return result_of(syscall(SYS_connect, socket, address, size), after_connect);
}

extern "C" int unlink(const char* path) noexcept {
  if (const auto then = std::exchange(before_unlink, {})) {
    then(path);
    before_unlink = then;
  }
  return static_cast<int>(syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}

extern "C" int listen(int socket, int backlog) noexcept {
  errno = error_of_listen;
  return errno != 0 ? -1 : static_cast<int>(syscall(SYS_listen, socket, backlog));
}

namespace {

namespace fs = std::filesystem;

class SocketFile : public testing::Test {
 protected:
  SocketFile() {
    fs::create_directory(folder_);
    before_ = umask(022);
  }
  ~SocketFile() override {
    after_bind = after_connect = {};
    before_unlink = {};
    error_of_listen = 0;
    umask(before_);
    fs::remove_all(folder_);
  }

  static mode_t mode_of(const std::string& path) {
    struct stat status = {};
    EXPECT_EQ(lstat(path.c_str(), &status), 0);
    return status.st_mode & 0777;
  }

  // The errno with which binding fails.
  static int error_of_bind(const std::string& path) {
    try {
      net::bind_unix(path);
      return 0;
    } catch (const ListenError& error) {
      return error.code().value();
    }
  }

  // Leaves the file of a socket that is closed.
  void leave_one() {
    const net::BoundSocket bound = net::bind_unix(other_);
    fs::rename(other_, path_);
  }

  const std::string folder_ = "/tmp/t" + std::to_string(getpid());
  const std::string path_ = folder_ + "/socket";
  const std::string other_ = folder_ + "/other";
  mode_t before_ = 0;
};

TEST_F(SocketFile, HasTheModeThatWasAskedFor) {
  EXPECT_EQ((net::bind_unix(path_), mode_of(path_)), 0755U);
  EXPECT_EQ((net::bind_unix(path_, {.only_owner = true}), mode_of(path_)), 0600U);
  EXPECT_EQ((net::bind_unix(path_, {.writable_by_all = true}), mode_of(path_)), 0777U);
  umask(077);
  EXPECT_EQ((net::bind_unix(path_, {.readable_by_all = true}), mode_of(path_)), 0744U);
  EXPECT_EQ(umask(022), 077U) << "umask is as it was";
}

TEST_F(SocketFile, SomebodyElseMayHaveReplacedItAtOnce) {
  std::ofstream(other_) << "secret";
  fs::permissions(other_, fs::perms(0600));
  after_bind = [&] {
    fs::remove(path_);
    fs::create_symlink(other_, path_);
  };
  net::bind_unix(path_, {.readable_by_all = true, .writable_by_all = true});
  EXPECT_EQ(mode_of(other_), 0600U) << "the mode of what the link points to";
}

TEST_F(SocketFile, GoesInTheEnd) {
  net::bind_unix(path_);
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(SocketFile, OfAnotherServerStays) {
  std::optional<net::BoundSocket> first(net::bind_unix(path_));
  fs::remove(path_);
  const net::BoundSocket second = net::bind_unix(path_);
  first.reset();
  EXPECT_TRUE(fs::is_socket(path_));
}

// Otherwise another server could take the name, and it would be that one's which we remove.
TEST_F(SocketFile, GoesBeforeItsSocket) {
  int error = 0;
  before_unlink = [&](const std::string& path) {
    if (path == path_) error = error_of_bind(path);
  };
  net::bind_unix(path_);
  EXPECT_EQ(error, EADDRINUSE);
}

TEST_F(SocketFile, IsReplacedIfItsSocketIsGone) {
  leave_one();
  EXPECT_EQ(error_of_bind(path_), 0);
}

TEST_F(SocketFile, IsNotReplacedBeforeItsSocketListens) {
  const net::BoundSocket bound = net::bind_unix(path_);
  EXPECT_EQ(error_of_bind(path_), EADDRINUSE);
  EXPECT_TRUE(fs::is_socket(path_));
}

TEST_F(SocketFile, GoesIfListeningFails) {
  error_of_listen = EADDRINUSE;
  const ipc::Query query = {.address = path_, .port = -1, .address_type = "-1"};
  EXPECT_THROW(cluster::listen_for(query), ListenError);
  EXPECT_TRUE(fs::is_empty(folder_));
}

// One has seen that nobody is there; before it acts, another one comes.
TEST_F(SocketFile, IsReplacedByOneServerOnly) {
  leave_one();
  std::optional<net::BoundSocket> other;
  after_connect = [&] {
    after_connect = {};
    try {
      other.emplace(net::bind_unix(path_));
    } catch (const ListenError& error) {
      EXPECT_EQ(error.code().value(), EADDRINUSE);
    }
  };
  const int error = error_of_bind(path_);
  EXPECT_EQ(error, other ? EADDRINUSE : 0);
}

// That of another name is there for its own sake.
TEST_F(SocketFile, RemovesNoFileThatIsNotItsOwn) {
  const std::string lock = path_ + ".starting";
  std::ofstream(lock) << "precious";
  EXPECT_EQ(error_of_bind(path_), 0);
  EXPECT_EQ(fs::file_size(lock), 8U);
}

TEST_F(SocketFile, IsNoPlaceForWhatIsNoPath) {
  EXPECT_EQ(error_of_bind(""), EINVAL);
  EXPECT_EQ(error_of_bind(std::string("\0name", 5)), EINVAL);
}

}  // namespace
