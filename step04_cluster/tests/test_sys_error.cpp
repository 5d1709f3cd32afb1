#include "sys_error.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace {

TEST(Check, ReturnsWhatDidNotFail) {
  EXPECT_EQ(check(0, "attempt"), 0);
  EXPECT_EQ(check(7, "attempt"), 7);
}

TEST(Check, ThrowsWithTheAttemptAndTheReason) {
  try {
    check(close(-1), "close");
    FAIL() << "no exception";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), EBADF);
    EXPECT_STREQ(error.what(), "close: Bad file descriptor");
  }
}

}  // namespace
