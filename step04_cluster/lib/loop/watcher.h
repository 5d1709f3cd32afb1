// Waits until a descriptor can be read from, or written to. See epoll(7).
#pragma once

#include <functional>

#include "loop/loop.h"

namespace loop {

class Watcher {
 public:
  // Watches `fd` as soon as it is started; it stays its owner's, and is made non-blocking.
  //
  // The owner must keep it open until the watcher is destroyed: epoll does not notice that one of
  // several processes which hold a socket has closed it, and would report it for ever. So declare
  // the watcher after the descriptor: members are destroyed in the reverse order.
  // Throws std::system_error.
  Watcher(int fd, std::function<void()> callback);

  // What to wait for. The callback comes whenever that is so, until stop(); also if there was an
  // error, or the other end is closed: the next read or write tells. A started watcher keeps the
  // loop running.
  void wait_until_readable() { start(UV_READABLE); }
  void wait_until_readable_or_writable() { start(UV_READABLE | UV_WRITABLE); }
  // Until nothing can come any more. Only this is no reason to keep the loop running.
  void wait_until_hung_up() { start(UV_DISCONNECT); }
  void stop();

 private:
  void start(int events);

  HandlePtr<uv_poll_t> handle_;
  int events_ = 0;  // what it waits for
};

}  // namespace loop
