// What arrives on a channel: bytes, which are lines; and descriptors, each of which belongs to a
// line.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "net/shared_fd.h"

namespace ipc {

class LineReader {
 public:
  // A line of more than `max_line` bytes breaks the protocol.
  explicit LineReader(std::size_t max_line) : max_line_(max_line) {}

  // Makes one read, and keeps what it has brought. Returns how many bytes; 0 if the other end is
  // closed. Throws std::system_error: EAGAIN if there is nothing to read.
  std::size_t read(int socket);

  // The next whole line, without its newline; it is valid until the next read(). Nothing if there
  // is none. Throws ProtocolError: for a line that is too long, and for a descriptor that came with
  // a line, and that nobody has taken.
  std::optional<std::string_view> next();

  // The descriptor that belongs to the line from next(), if that line announces one. Empty if it
  // was lost: this process had no room for it, or the other end has sent none.
  net::SharedFd take_fd();

  void clear() { fds_.clear(); }

 private:
  void check_rest() const;

  std::size_t max_line_;
  std::string text_;          // received
  std::size_t begin_ = 0;     // of the next line in it
  std::size_t searched_ = 0;  // there is no newline between begin_ and this
  // Received, and not yet taken; empty where one was lost.
  std::deque<net::SharedFd> fds_;
};

}  // namespace ipc
