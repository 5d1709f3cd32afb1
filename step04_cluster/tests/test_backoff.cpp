#include <gtest/gtest.h>

#include <vector>

#include "supervisor/backoff.h"

namespace {

using std::chrono::milliseconds;
using supervisor::Backoff;

const Backoff::Clock::time_point kNow = Backoff::Clock::now();

TEST(Backoff, LetsTheFirstReplacementsStartAtOnce) {
  Backoff backoff;
  EXPECT_EQ(backoff.wait(kNow).count(), 0);
  backoff.started(kNow);
  EXPECT_EQ(backoff.wait(kNow).count(), 0);
  backoff.died_young(kNow);
  EXPECT_EQ(backoff.wait(kNow).count(), 0);
}

TEST(Backoff, WaitsTwiceAsLongAfterEachDeath) {
  Backoff backoff;
  backoff.died_young(kNow);
  for (int wait = 100; wait < 30'000; wait *= 2) {
    backoff.died_young(kNow);
    EXPECT_EQ(backoff.wait(kNow), milliseconds(wait));
    EXPECT_EQ(backoff.wait(kNow + milliseconds(wait)).count(), 0);
  }
}

TEST(Backoff, WaitsNoLongerThanHalfAMinute) {
  Backoff backoff;
  for (int i = 0; i < 1000; ++i) backoff.died_young(kNow);
  EXPECT_EQ(backoff.wait(kNow), milliseconds(30'000));
}

TEST(Backoff, StartsOneAtATimeWhileWorkersDieYoung) {
  Backoff backoff;
  for (int i = 0; i < 4; ++i) backoff.died_young(kNow);
  const auto later = kNow + milliseconds(400);
  ASSERT_EQ(backoff.wait(later).count(), 0);
  backoff.started(later);
  EXPECT_EQ(backoff.wait(later), milliseconds(400));
}

TEST(Backoff, ForgetsAllThatWhenOneHasLived) {
  Backoff backoff;
  for (int i = 0; i < 10; ++i) backoff.died_young(kNow);
  backoff.lived();
  EXPECT_EQ(backoff.wait(kNow).count(), 0);
}

TEST(Backoff, RoundsUpSoThatATimerDoesNotComeTooEarly) {
  Backoff backoff;
  for (int i = 0; i < 2; ++i) backoff.died_young(kNow);
  EXPECT_EQ(backoff.wait(kNow + std::chrono::microseconds(99'500)), milliseconds(1));
}

}  // namespace
