#include "supervisor/backoff.h"

#include <algorithm>

namespace supervisor {

namespace {

constexpr std::chrono::milliseconds kFirst(100);
constexpr std::chrono::milliseconds kMost(30'000);

}  // namespace

void Backoff::died_young(Clock::time_point now) {
  ++deaths_;
  next_ = std::max(next_, now + delay());
}

void Backoff::lived() {
  deaths_ = 0;
  next_ = {};
}

std::chrono::milliseconds Backoff::delay() const {
  if (deaths_ < 2) return std::chrono::milliseconds(0);
  return std::min(kMost, kFirst * (1 << std::min(deaths_ - 2, 16)));
}

// Rounded up: a timer that comes a little too early would be set again and again.
std::chrono::milliseconds Backoff::wait(Clock::time_point now) const {
  if (now >= next_) return std::chrono::milliseconds(0);
  return std::chrono::ceil<std::chrono::milliseconds>(next_ - now);
}

}  // namespace supervisor
