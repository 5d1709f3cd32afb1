// Accepts connections, in the event loop.
#pragma once

#include <functional>

#include "loop/timer.h"
#include "loop/watcher.h"
#include "net/bind.h"
#include "unique_fd.h"

namespace net {

class Acceptor {
 public:
  // Takes ownership of `listener`, which listens and is non-blocking. Does nothing until resume().
  // `take` owns the connection that it gets; it is non-blocking and close-on-exec. `broken` is
  // told, once, that the listener can never accept again, for somebody who shares it has shut it
  // down; it is not watched any more then, and `broken` may destroy the acceptor.
  Acceptor(BoundSocket listener, std::function<void(UniqueFd connection)> take,
           std::function<void(int error)> broken);

  // Accepts connections from now on; or leaves them to wait in the kernel's queue, and does not
  // keep the loop running either. If this process may open no more descriptors, it tries again a
  // tenth of a second later, and every tenth of a second.
  void resume();
  void pause();
  void accept(bool more);  // one of the two

  int listener() const { return listener_.fd.get(); }

 private:
  void accept_one();
  void give_up(int error);

  BoundSocket listener_;
  loop::Watcher watcher_;
  loop::Timer retry_;
  std::function<void(UniqueFd)> take_;
  std::function<void(int)> broken_;
  bool is_broken_ = false;
};

}  // namespace net
