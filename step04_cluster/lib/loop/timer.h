// A timer. See timerfd_create(2) for what one is without libuv.
#pragma once

#include <chrono>
#include <functional>

#include "loop/loop.h"

namespace loop {

class Timer {
 public:
  // Does nothing until it is started.
  explicit Timer(std::function<void()> callback);

  // Calls back once, after `delay`; or again and again, every `delay`. Starting it anew forgets
  // what was started before. A started timer keeps the loop running.
  void start(std::chrono::milliseconds delay);
  void repeat(std::chrono::milliseconds delay);
  void stop();

 private:
  HandlePtr<uv_timer_t> handle_;
};

}  // namespace loop
