#include "ipc/line_reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "fd_passing.h"
#include "ipc/messages.h"

namespace ipc {

namespace {

std::string more_than(std::size_t limit) {
  const std::string hint = limit < kMaxLine ? " (more: --max-message-size)" : "";
  return "a line of more than " + std::to_string(limit) + " bytes" + hint;
}

}  // namespace

std::size_t LineReader::read(int socket) {
  static std::array<char, 65536> buffer;
  Received received = recv_fd(socket, buffer);
  if (received.fd || received.truncated) fds_.emplace_back(std::move(received.fd));
  text_.append(buffer.data(), received.size);
  return received.size;
}

std::optional<std::string_view> LineReader::next() {
  const std::size_t newline = text_.find('\n', std::max(begin_, searched_));
  if (newline == text_.npos) {
    text_.erase(0, std::exchange(begin_, 0));
    searched_ = text_.size();
    check_rest();
    return std::nullopt;
  }
  const std::string_view line = std::string_view(text_).substr(begin_, newline - begin_);
  begin_ = newline + 1;
  if (line.size() > max_line_) throw ProtocolError(more_than(max_line_));
  return line;
}

// What is left is the beginning of a line. A descriptor comes with the line that announces it, or
// with the first part of that line.
void LineReader::check_rest() const {
  if (text_.size() > max_line_) throw ProtocolError(more_than(max_line_));
  const std::size_t most = text_.empty() ? 0 : 1;
  if (fds_.size() > most) throw ProtocolError("a descriptor that no message announced");
}

// Descriptors come in the order of the lines that announce them, but not always in the same read.
net::SharedFd LineReader::take_fd() {
  if (fds_.empty()) return {};
  net::SharedFd fd = std::move(fds_.front());
  fds_.pop_front();
  return fd;
}

}  // namespace ipc
