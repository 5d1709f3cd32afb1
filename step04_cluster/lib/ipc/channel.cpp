#include "ipc/channel.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "fd_passing.h"
#include "ipc/newconn.h"
#include "net/socket.h"
#include "sys_error.h"

namespace ipc {

namespace {

constexpr std::size_t kMaxQueued = 64UL << 20;
constexpr std::size_t kMaxAcknowledgements = 1UL << 20;
constexpr std::chrono::milliseconds kRetry(20);

// The kernel's buffer is full, or there is nothing to read.
bool would_block(const std::system_error& error) {
  return error.code() == std::errc::resource_unavailable_try_again;
}

// The other end is gone: an ordinary event in the life of a channel.
bool is_gone(const std::system_error& error) {
  return error.code() == std::errc::broken_pipe || error.code() == std::errc::connection_reset;
}

bool is_shortage(const std::system_error& error) {
  return net::is_shortage(error.code().value());
}

// How many bytes are there to be read.
std::size_t unread(int socket) {
  int size = 0;
  check(ioctl(socket, FIONREAD, &size), "ioctl FIONREAD");
  return static_cast<std::size_t>(size);
}

}  // namespace

Channel::Channel(UniqueFd socket, Events events, std::size_t max_line)
    : socket_(std::move(socket)),
      events_(std::move(events)),
      incoming_(max_line),
      retry_([this] { write(); }) {
  watcher_.emplace(socket_.get(), [this] { ready(); });
  watcher_->wait_until_readable();
}

void Channel::ready() {
  read_once();
  write();
}

// Returns how many bytes there were to read.
std::size_t Channel::read_once() {
  const std::optional<std::size_t> size = receive();
  if (!size) return 0;
  if (*size == 0) end(reason_);
  try {
    handle_lines();
  } catch (const ProtocolError& error) {
    end(error.what());
  }
  return *size;
}

// Nothing, if there was nothing to read.
std::optional<std::size_t> Channel::receive() {
  try {
    return incoming_.read(socket_.get());
  } catch (const std::system_error& error) {
    if (!would_block(error)) end(is_gone(error) ? "" : error.what());
    return std::nullopt;
  }
}

void Channel::handle_lines() {
  while (is_open()) {
    const auto line = incoming_.next();
    if (!line) return;
    handle(decode(*line));
  }
}

void Channel::handle(Message message) {
  net::SharedFd fd;
  if (message.has_handle) fd = take_handle(events_.has_room(message));
  if (std::holds_alternative<HandleAck>(message.body)) {
    events_.acknowledged(outgoing_.acknowledged(), true);
  } else if (std::holds_alternative<HandleNack>(message.body)) {
    events_.acknowledged(outgoing_.acknowledged(), false);
  } else if (fd || !message.has_handle || !std::holds_alternative<User>(message.body)) {
    events_.message(std::move(message), std::move(fd));
  }  // or a user's descriptor was lost: Node sends that message again
}

// The acknowledgement is sent after the message has been handled: with the answer to it, if there
// is one, in the same system call.
net::SharedFd Channel::take_handle(bool has_room) {
  net::SharedFd fd = incoming_.take_fd();
  if (!has_room) fd = UniqueFd();
  if (outgoing_.acknowledgements() > kMaxAcknowledgements) {
    throw ProtocolError("it has left 1 MiB of acknowledgements unread");
  }
  outgoing_.acknowledge(std::string(fd ? kHandleAck : kHandleNack) + "\n");
  return fd;
}

void Channel::send(std::string line, int fd, std::int64_t seq) {
  if (!is_open() || closing_) return;
  if (outgoing_.size() > kMaxQueued) return give_up("it has left 64 MiB unread");
  try {
    outgoing_.add(socket_.get(), std::move(line) + "\n", fd, seq);
  } catch (const std::system_error& error) {
    if (!is_gone(error)) throw;
    return failed(error);
  }
  flush();
}

// Once more, from the loop.
void Channel::write() {
  if (!is_open() || !flush()) return;
  watcher_->wait_until_readable();
  all_is_sent();
}

// Sends what may be sent now. False if the kernel does not take all of it: then the loop will come
// back to write().
bool Channel::flush() {
  try {
    outgoing_.flush(socket_.get());
    return true;
  } catch (const std::system_error& error) {
    if (would_block(error)) {
      watcher_->wait_until_readable_or_writable();
    } else if (is_shortage(error)) {
      watcher_->wait_until_readable();  // writable it is: the loop would burn the CPU
      retry_.start(kRetry);
    } else {
      failed(error);
    }
    return false;
  }
}

void Channel::all_is_sent() {
  if (!is_flushed()) return;  // what is left waits for an acknowledgement
  events_.flushed();
  if (closing_ && reason_.empty()) close();
}

// What a dead peer has said is there, all of it. Whatever comes later is not from it.
void Channel::read_last_words() {
  if (!is_open()) return;
  std::size_t left = unread(socket_.get());
  while (is_open() && left > 0) left -= std::min(left, read_once());
  if (is_open()) read_once();  // its end, most likely
}

// If the other end is gone, reading will find that out, after what it has sent before.
void Channel::failed(const std::system_error& error) {
  if (!is_gone(error)) return give_up(error.what());
  if (may_still_write()) give_up("it has stopped reading, and goes on");
}

// It has shut down its own reading, see shutdown(2), and nothing else: who is gone does not write.
bool Channel::may_still_write() const {
  pollfd state = {socket_.get(), POLLRDHUP, 0};
  return poll(&state, 1, 0) != 1;
}

void Channel::close_when_sent() {
  closing_ = true;
  if (is_open() && flush()) all_is_sent();
}

void Channel::close() {
  if (!is_open()) return;
  retry_.stop();
  drop_unread();
  watcher_.reset();
  socket_ = UniqueFd();
  incoming_.clear();
  outgoing_.clear();
}

// The kernel would close the descriptors that are still to be received together with the socket:
// some of them may have to be closed with care, see net::SharedFd. No more can arrive now.
void Channel::drop_unread() {
  shutdown(socket_.get(), SHUT_RDWR);
  std::array<char, 4096> buffer;
  for (bool more = true; more;) {
    try {
      Received received = recv_fd(socket_.get(), buffer);
      const net::SharedFd dropped(std::move(received.fd));
      more = received.size > 0;
    } catch (const std::system_error& error) {
      more = error.code().value() == EBADMSG;  // several with one message: they are closed
    }
  }
}

// Not end(): the caller of send() does not expect to be called back. The loop will read the end.
void Channel::give_up(const std::string& reason) {
  reason_ = reason;
  outgoing_.clear();
  closing_ = true;
  shutdown(socket_.get(), SHUT_RDWR);
}

void Channel::end(const std::string& error) {
  close();
  events_.end(error);
}

Ends socket_pair() {
  int ends[2];
  check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

}  // namespace ipc
