// The owner of a descriptor that another process has, too, or has had.
#pragma once

#include <sys/socket.h>

#include <utility>

#include "unique_fd.h"

namespace net {

// Closing it never waits. With SO_LINGER, see socket(7), close(2) waits until the client has what
// is still to be sent; that option belongs to the socket, so any process that has a descriptor of
// it may have set it. Here it is turned off first: the kernel sends the rest while we go on.
class SharedFd {
 public:
  SharedFd() = default;
  SharedFd(UniqueFd fd) : fd_(std::move(fd)) {}
  SharedFd(SharedFd&&) = default;
  SharedFd& operator=(SharedFd other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~SharedFd() {
    if (lingers()) setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &kNot, sizeof(kNot));
  }

  int get() const { return fd_.get(); }
  explicit operator bool() const { return static_cast<bool>(fd_); }
  UniqueFd take() { return std::move(fd_); }  // from now on it is closed as any other

 private:
  static constexpr linger kNot = {};

  bool lingers() const {
    linger value = {};
    socklen_t size = sizeof(value);
    return fd_ && getsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &value, &size) == 0 &&
           value.l_onoff != 0 && value.l_linger > 0;  // 0 seconds: a reset, and at once
  }

  UniqueFd fd_;
};

}  // namespace net
