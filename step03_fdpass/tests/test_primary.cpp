#include "primary.h"

#include <gtest/gtest.h>

#include <csignal>

namespace {

// What run() returns and prints with these shell scripts as workers, which all have to end.
class PrimaryTest : public testing::Test {
 protected:
  ~PrimaryTest() override {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
  }

  std::string run(const std::vector<std::string>& scripts) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    {
      Primary primary;
      for (const std::string& script : scripts) primary.fork("/bin/sh", {"sh", "-c", script});
      EXPECT_EQ(primary.run(), 1);
    }
    complaint_ = testing::internal::GetCapturedStderr();
    return testing::internal::GetCapturedStdout();
  }

  std::string complaint_;
};

TEST_F(PrimaryTest, NumbersItsWorkersAndGivesEachAChannel) {
  const std::string script = "test -S /proc/self/fd/$NODE_CHANNEL_FD && exit 4$NODE_WORKER_ID";
  const std::string printed = run({script, script});
  EXPECT_NE(printed.find("died (exit 41)"), printed.npos) << printed;
  EXPECT_NE(printed.find("died (exit 42)"), printed.npos) << printed;
}

TEST_F(PrimaryTest, SaysWhenAllHaveDied) {
  run({"exit 0"});
  EXPECT_EQ(complaint_, "cluster: all workers died\n");
}

TEST_F(PrimaryTest, ReturnsZeroWhenItIsToldToEnd) {
  Primary primary;
  primary.fork("/bin/sh", {"sh", "-c", "kill -TERM $PPID; exec sleep 60"});
  EXPECT_EQ(primary.run(), 0);
}

}  // namespace
