#include "channel.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "fd_passing.h"
#include "sys_error.h"

namespace {

constexpr std::size_t kMaxLine = 64UL * 1024;

// The descriptor of a message that announces one.
UniqueFd take_front(std::deque<UniqueFd>& fds) {
  if (fds.empty()) throw std::runtime_error("channel: a message without its descriptor");
  UniqueFd fd = std::move(fds.front());
  fds.pop_front();
  if (!fd) {
    errno = EMFILE;
    throw_errno("channel: a descriptor was lost on arrival");
  }
  return fd;
}

}  // namespace

void Channel::send(Json body, int fd) {
  // One read may bring several lines, so the text says which of them the descriptor belongs to.
  if (fd != -1) body["fd"] = true;
  const std::string line = body.dump() + "\n";
  try {
    std::string_view rest = line;
    rest.remove_prefix(send_fd(socket_.get(), rest, fd));
    while (!rest.empty()) rest.remove_prefix(send_fd(socket_.get(), rest, -1));
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::resource_unavailable_try_again) throw;
    throw std::runtime_error("channel: the other end does not read");
  }
}

std::optional<Message> Channel::receive() {
  while (true) {
    if (std::optional<Message> message = next()) return message;
    if (!fill()) return std::nullopt;
  }
}

bool Channel::fill() {
  std::array<char, 4096> chunk;
  Received received = recv_fd(socket_.get(), chunk);
  text_.append(chunk.data(), received.size);
  if (received.fd || received.truncated) fds_.push_back(std::move(received.fd));
  return received.size > 0;
}

std::optional<Message> Channel::next() {
  const std::size_t newline = text_.find('\n');
  const std::size_t length = newline == std::string::npos ? text_.size() : newline;
  if (length > kMaxLine) {
    throw std::runtime_error("channel: a line of more than 64 KiB");
  }
  if (newline == std::string::npos) {
    // No text is left: no descriptor may be. Part of a line is left: only its own may be.
    if (fds_.size() > (text_.empty() ? 0 : 1)) {
      throw std::runtime_error("channel: a descriptor that no message announced");
    }
    return std::nullopt;
  }

  const std::string line = text_.substr(0, newline);
  text_.erase(0, newline + 1);
  Message message = {object_in(line), UniqueFd()};
  if (message.body.value("fd", false)) message.fd = take_front(fds_);
  return message;
}

std::pair<UniqueFd, UniqueFd> socket_pair() {
  int ends[2];
  check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

void keep_on_exec(int fd) {
  check(fcntl(fd, F_SETFD, 0), "fcntl");
}

void make_non_blocking(int fd) {
  check(fcntl(fd, F_SETFL, O_NONBLOCK), "fcntl");
}
