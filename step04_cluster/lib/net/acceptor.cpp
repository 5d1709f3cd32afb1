#include "net/acceptor.h"

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "net/socket.h"

namespace net {

namespace {

// The other errors concern one client, or pass: see accept_from() in listener.cpp.
bool is_for_ever(int error) {
  return error == EBADF || error == EINVAL || error == ENOTSOCK || error == EOPNOTSUPP;
}

}  // namespace

Acceptor::Acceptor(BoundSocket listener, std::function<void(UniqueFd)> take,
                   std::function<void(int)> broken)
    : listener_(std::move(listener)),
      watcher_(listener_.fd.get(), [this] { accept_one(); }),
      retry_([this] { watcher_.wait_until_readable(); }),
      take_(std::move(take)),
      broken_(std::move(broken)) {}

void Acceptor::resume() {
  if (!is_broken_) watcher_.wait_until_readable();
}

void Acceptor::pause() {
  watcher_.stop();
  retry_.stop();
}

void Acceptor::accept(bool more) {
  if (more)
    resume();
  else
    pause();
}

// One for each turn of the loop: if more are waiting, the loop comes back at once; and if somebody
// else shares the socket, it gets its chance.
void Acceptor::accept_one() {
  UniqueFd connection(accept4(listener_.fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (connection) return take_(std::move(connection));
  if (is_for_ever(errno)) return give_up(errno);
  if (!is_shortage(errno)) return;  // EAGAIN, or a client that gave up while it waited
  watcher_.stop();                  // the loop would come back at once, and again, and burn the CPU
  retry_.start(std::chrono::milliseconds(100));
}

// A listener that was shut down is readable for ever.
void Acceptor::give_up(int error) {
  is_broken_ = true;
  watcher_.stop();
  const std::function<void(int)> tell = broken_;  // a copy: this acceptor may be destroyed
  tell(error);
}

}  // namespace net
