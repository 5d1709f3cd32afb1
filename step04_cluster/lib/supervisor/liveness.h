// Finds workers whose loop stands still.
#pragma once

#include <chrono>
#include <functional>

#include "loop/timer.h"
#include "supervisor/members.h"

namespace supervisor {

// Asks each worker four times in `timeout` whether it is there. A worker that has answered once,
// and then has not for that long, is hung. (One that never answers may not know the question.)
class Liveness {
 public:
  using Clock = std::chrono::steady_clock;

  // `members` must outlive this. A timeout of 0 means that nobody is asked.
  Liveness(Members& members, std::chrono::milliseconds timeout,
           std::function<void(cluster::Worker&)> is_hung);

  void stop() { timer_.stop(); }

 private:
  void tick();

  Members& members_;
  std::chrono::milliseconds timeout_;
  std::function<void(cluster::Worker&)> is_hung_;
  Clock::time_point last_tick_ = Clock::now();
  loop::Timer timer_;
};

}  // namespace supervisor
