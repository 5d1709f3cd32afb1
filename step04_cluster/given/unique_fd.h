// The owner of one file descriptor.
#pragma once

#include <unistd.h>

#include <utility>

// Closes its descriptor when destroyed. Can be moved, which hands the descriptor over; cannot be
// copied, so that every open descriptor has exactly one owner. A descriptor that is passed as a
// plain int is borrowed: somebody else owns it.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  // close(2) is never retried: Linux has freed the number even when it returns EINTR.
  ~UniqueFd() {
    if (fd_ != -1) close(fd_);
  }

  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }  // from now on somebody else closes it
  explicit operator bool() const { return fd_ != -1; }

 private:
  int fd_ = -1;
};
