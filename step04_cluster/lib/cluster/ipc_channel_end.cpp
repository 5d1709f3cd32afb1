// How a channel ends: with the other end, with an error, or because this side closes it.
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "cluster/ipc_channel.h"
#include "cluster/send_errors.h"
#include "fd_passing.h"
#include "sys_error.h"

namespace cluster {

namespace {

// How many bytes are there to be read.
std::size_t unread(int socket) {
  int size = 0;
  check(ioctl(socket, FIONREAD, &size), "ioctl FIONREAD");
  return static_cast<std::size_t>(size);
}

}  // namespace

// What a dead peer has said is there, all of it. Whatever comes later is not from it.
void IpcChannel::read_last_words() {
  if (!is_open()) return;
  std::size_t left = unread(socket_.get());
  while (is_open() && left > 0) left -= std::min(left, read_once());
  if (is_open()) read_once();  // its end, most likely
}

// If the other end is gone, reading will find that out, after what it has sent before.
void IpcChannel::failed(const std::system_error& error) {
  if (!is_gone(error)) return give_up(error.what());
  if (may_still_write()) give_up("it has stopped reading, and goes on");
}

// It has shut down its own reading, see shutdown(2), and nothing else: who is gone does not write.
bool IpcChannel::may_still_write() const {
  pollfd state = {socket_.get(), POLLRDHUP, 0};
  return poll(&state, 1, 0) != 1;
}

void IpcChannel::close_when_sent() {
  closing_ = true;
  flush();
}

void IpcChannel::close() {
  if (!is_open()) return;
  retry_.stop();
  drop_unread();
  watcher_.reset();
  socket_ = UniqueFd();
  fds_.clear();
  queue_.clear();
}

// The kernel would close the descriptors that are still to be received together with the socket:
// some of them may have to be closed with care, see net::SharedFd. No more can arrive now.
void IpcChannel::drop_unread() {
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

// Whoever sends does not expect to be called back, so not end(): that is read from the socket.
void IpcChannel::give_up(const std::string& reason) {
  reason_ = reason;
  queue_.clear();
  queued_ = 0;
  closing_ = true;
  shutdown(socket_.get(), SHUT_RDWR);
}

void IpcChannel::end(const std::string& error) {
  close();
  events_.end(error);
}

}  // namespace cluster
