// How long to wait before a worker is started again: not at all, unless workers die young.
#pragma once

#include <chrono>

namespace supervisor {

// The first worker that dies young is replaced at once, like one that had lived. From the second
// on, one worker is started at a time, and each time after twice as long a wait: 0.1 s, 0.2 s, 0.4
// s and so on, up to 30 s. A worker that lives ends that.
class Backoff {
 public:
  using Clock = std::chrono::steady_clock;

  // A worker that has listened for so long has lived.
  static constexpr std::chrono::milliseconds kLife{1000};

  // A worker is started; one dies before it has lived; one has lived.
  void started(Clock::time_point now) { next_ = now + delay(); }
  void died_young(Clock::time_point now);
  void lived();

  // How long to wait before the next start; 0, if it may be now.
  std::chrono::milliseconds wait(Clock::time_point now) const;

 private:
  std::chrono::milliseconds delay() const;

  int deaths_ = 0;  // since one has lived
  Clock::time_point next_ = {};
};

}  // namespace supervisor
