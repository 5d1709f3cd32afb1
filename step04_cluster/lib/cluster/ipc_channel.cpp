#include "cluster/ipc_channel.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "cluster/hot_messages.h"
#include "cluster/send_errors.h"
#include "fd_passing.h"
#include "sys_error.h"

namespace cluster {

namespace {

constexpr std::size_t kMaxQueued = 64UL << 20;
constexpr std::size_t kMaxAcknowledgements = 1UL << 20;
constexpr std::chrono::milliseconds kRetry(20);

std::string more_than(std::size_t limit) {
  const std::string hint = limit < kMaxLine ? " (more: --max-message-size)" : "";
  return "a line of more than " + std::to_string(limit) + " bytes" + hint;
}

}  // namespace

IpcChannel::IpcChannel(UniqueFd socket, Events events, std::size_t max_line)
    : socket_(std::move(socket)),
      events_(std::move(events)),
      max_line_(max_line),
      retry_([this] { flush(); }) {
  watcher_.emplace(socket_.get(), [this] { ready(); });
  watcher_->wait_until_readable();
}

void IpcChannel::ready() {
  read_once();
  flush();
}

// Returns how many bytes there were to read.
std::size_t IpcChannel::read_once() {
  const std::optional<Received> received = receive();
  if (!received) return 0;
  if (received->size == 0) end(reason_);
  try {
    handle_lines();
  } catch (const ProtocolError& error) {
    end(error.what());
  }
  return received->size;
}

// Makes one read, and keeps what it has brought. Nothing, if there was nothing.
std::optional<Received> IpcChannel::receive() {
  static std::array<char, 65536> buffer;
  try {
    Received received = recv_fd(socket_.get(), buffer);
    if (received.fd || received.truncated) fds_.emplace_back(std::move(received.fd));
    received_.append(buffer.data(), received.size);
    return received;
  } catch (const std::system_error& error) {
    if (!would_block(error)) end(is_gone(error) ? "" : error.what());
    return std::nullopt;
  }
}

void IpcChannel::handle_lines() {
  std::size_t begin = 0;
  std::size_t newline = 0;
  while (is_open() &&
         (newline = received_.find('\n', std::max(begin, searched_))) != received_.npos) {
    const std::string_view line = std::string_view(received_).substr(begin, newline - begin);
    begin = newline + 1;
    if (line.size() > max_line_) throw ProtocolError(more_than(max_line_));
    handle(decode(line));
  }
  received_.erase(0, begin);
  searched_ = received_.size();
  if (searched_ > max_line_) throw ProtocolError(more_than(max_line_));
  // A descriptor comes with the line that announces it, or with the first part of that line.
  if (fds_.size() > (received_.empty() ? 0 : 1)) {
    throw ProtocolError("a descriptor that no message announced");
  }
}

void IpcChannel::handle(Message message) {
  net::SharedFd fd;
  if (message.has_handle) fd = take_handle(events_.has_room(message));
  switch (message.kind) {
    case Message::Kind::kHandleAck:
      return handle_acknowledgement(true);
    case Message::Kind::kHandleNack:
      return handle_acknowledgement(false);
    case Message::Kind::kOther:
      return;
    default:
      events_.message(std::move(message), std::move(fd));
  }
}

// An acknowledgement has no number: it is for the one descriptor that was sent and not
// acknowledged.
void IpcChannel::handle_acknowledgement(bool arrived) {
  if (!awaiting_ack_) throw ProtocolError("an acknowledgement of nothing");
  awaiting_ack_ = false;
  events_.acknowledged(transit_seq_, arrived);
}

// Descriptors come in the order of the lines that announce them, but not always in the same read.
// The acknowledgement is sent after the message has been handled: with the answer to it, if there
// is one, in the same system call.
net::SharedFd IpcChannel::take_handle(bool has_room) {
  net::SharedFd fd;
  if (!fds_.empty()) {
    fd = std::move(fds_.front());
    fds_.pop_front();
  }
  if (!has_room) fd = UniqueFd();
  if (acknowledgements_.size() > kMaxAcknowledgements) {
    throw ProtocolError("it has left 1 MiB of acknowledgements unread");
  }
  acknowledgements_ += fd ? kHandleAck : kHandleNack;
  acknowledgements_ += '\n';
  return fd;
}

void IpcChannel::send(std::string line, int fd, std::int64_t seq) {
  if (!is_open() || closing_) return;
  line += '\n';
  if (fd != -1 && is_idle() && send_at_once(line, fd, seq)) return;

  if (queued_ > kMaxQueued) return give_up("it has left 64 MiB unread");
  UniqueFd copy(fd == -1 ? -1 : check(fcntl(fd, F_DUPFD_CLOEXEC, 0), "fcntl"));
  queued_ += line.size();
  const bool joins_the_last = !copy && !queue_.empty() && !queue_.back().fd;
  if (joins_the_last)
    queue_.back().text += line;
  else
    queue_.push_back({std::move(line), std::move(copy), seq});
  flush();
}

// The usual case, without a duplicate: the descriptor goes into the kernel now. False if the kernel
// has no room for it.
bool IpcChannel::send_at_once(std::string& line, int fd, std::int64_t seq) {
  transit_ = std::move(line);
  transit_seq_ = seq;
  try {
    transmit(fd);
  } catch (const std::system_error& error) {
    line = std::exchange(transit_, "");
    if (would_block(error)) return false;
    if (is_shortage(error)) throw;
    failed(error);
    return true;
  }
  flush();
  return true;
}

bool IpcChannel::is_idle() const {
  return is_flushed() && !awaiting_ack_;
}

bool IpcChannel::is_flushed() const {
  return transit_.empty() && acknowledgements_.empty() && queue_.empty();
}

void IpcChannel::flush() {
  if (!is_open()) return;
  try {
    while (fill_transit()) {
      transmit(transit_fd_.get());
      transit_fd_ = UniqueFd();
    }
    watcher_->wait_until_readable();
  } catch (const std::system_error& error) {
    if (would_block(error)) return watcher_->wait_until_readable_or_writable();
    return is_shortage(error) ? try_again_soon() : failed(error);
  }
  if (!queue_.empty()) return;
  events_.flushed();
  if (closing_ && reason_.empty() && is_flushed()) close();
}

// The socket is writable, so the loop would come back at once, and again, and burn the CPU.
void IpcChannel::try_again_soon() {
  watcher_->wait_until_readable();
  retry_.start(kRetry);
}

// Takes from what is waiting as much as one system call may send. False if there is nothing, or
// nothing that may be sent now.
bool IpcChannel::fill_transit() {
  if (!transit_.empty()) return true;
  transit_.swap(acknowledgements_);
  const bool may_follow = !queue_.empty() && !awaiting_ack_;
  if (may_follow && (transit_.empty() || !queue_.front().fd)) {
    transit_ += queue_.front().text;
    transit_fd_ = std::move(queue_.front().fd);
    if (transit_fd_) transit_seq_ = queue_.front().seq;
    queued_ -= queue_.front().text.size();
    queue_.pop_front();
  }
  return !transit_.empty();
}

void IpcChannel::transmit(int fd) {
  sent_ += send_fd(socket_.get(), std::string_view(transit_).substr(sent_), fd);
  if (fd != -1) awaiting_ack_ = true;
  if (sent_ < transit_.size()) return;
  transit_.clear();
  sent_ = 0;
}

Ends socket_pair() {
  int ends[2];
  check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

}  // namespace cluster
