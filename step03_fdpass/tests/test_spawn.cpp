#include "spawn.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "unique_fd.h"
#include "workers.h"

namespace {

// Runs a shell script by spawn() and returns what it prints on descriptor 3 and how it ended.
class Spawn : public testing::Test {
 protected:
  Spawn() {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    reader_ = UniqueFd(ends[0]);
    writer_ = UniqueFd(ends[1]);
  }

  void run(const std::string& path, const std::string& script,
           const std::vector<std::string>& environment = {}) {
    const UniqueFd inherited(dup(writer_.get()));  // dup(2) clears close-on-exec
    fd_ = std::to_string(inherited.get());
    const pid_t worker = spawn(path, {"sh", "-c", script, fd_}, environment);
    waitpid(worker, &status_, 0);
  }

  std::string output() {
    writer_ = UniqueFd();
    char buffer[1000];
    return std::string(buffer, read(reader_.get(), buffer, sizeof(buffer)));
  }

  UniqueFd reader_, writer_;
  std::string fd_;
  int status_ = 0;
};

TEST_F(Spawn, GivesTheArgumentsAndTheEnvironment) {
  run("/bin/sh", "echo \"$A\" \"$PWD_OF_TEST\" >/proc/self/fd/$0", {"A=1"});
  EXPECT_EQ(output(), "1 \n");
  EXPECT_EQ(status_, 0);
}

TEST_F(Spawn, PassesOnWhatIsNotCloseOnExec) {
  const std::string secret = std::to_string(reader_.get());
  run("/bin/sh", "test -e /proc/self/fd/$0 && test ! -e /proc/self/fd/" + secret);
  EXPECT_EQ(status_, 0);
}

TEST_F(Spawn, UnblocksSignalsAndDoesNotPassOnOurSigpipe) {
  hold_signals();
  std::signal(SIGPIPE, SIG_IGN);
  run("/bin/sh", "grep -E 'Sig(Blk|Ign)' /proc/self/status >/proc/self/fd/$0");
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const std::string shown = output();
  EXPECT_NE(shown.find("SigBlk:\t0000000000000000"), shown.npos) << shown;
  const std::size_t ignored = shown.find("SigIgn:\t");
  ASSERT_NE(ignored, shown.npos);
  const unsigned long long set = std::stoull(shown.substr(ignored + 8), nullptr, 16);
  EXPECT_EQ(set & (1ull << (SIGPIPE - 1)), 0u) << shown;
}

TEST_F(Spawn, ReportsAProgramThatCannotBeStarted) {
  testing::internal::CaptureStderr();
  run("/nonexistent", "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "/nonexistent: No such file or directory\n");
  EXPECT_EQ(WEXITSTATUS(status_), 127);
}

TEST(OwnProgram, IsThisTest) {
  EXPECT_TRUE(own_program().ends_with("test_spawn")) << own_program();
}

}  // namespace
