// Calls back when a signal has arrived. See signal(7).
#pragma once

#include <functional>

#include "loop/loop.h"

namespace loop {

class SignalWatcher {
 public:
  // From now on `signal` does nothing but call back, from the loop: several that arrive in quick
  // succession may become one. Throws std::system_error.
  SignalWatcher(int signal, std::function<void()> callback);

  // Is this something to wait for, even if it were the only thing left? At first it is not.
  void keep_loop_running(bool keep);

 private:
  HandlePtr<uv_signal_t> handle_;
};

}  // namespace loop
