#include "workers.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <system_error>

namespace {

// Starts a worker that exits with 1 if `bad` returns true in it, with 0 otherwise.
pid_t worker_that_checks(bool (*bad)()) {
  const pid_t worker = fork_worker();
  if (worker == 0) _exit(bad() ? 1 : 0);
  return worker;
}

pid_t worker_that_sleeps() {
  const pid_t worker = fork_worker();
  while (worker == 0) pause();
  return worker;
}

bool is_child(pid_t pid) {
  return kill(pid, 0) == 0;
}

// Waits until a child has ended, as the primary does, and returns what reap() says of it.
Ending reap_next() {
  siginfo_t info;
  waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
  const std::vector<Ending> endings = reap();
  if (endings.size() == 1) return endings[0];
  ADD_FAILURE() << "a child has ended, and reap() returned " << endings.size()
                << " endings: does it call waitpid(2)?";
  return {};
}

class Workers : public testing::Test {
 protected:
  ~Workers() override {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
  }
};

TEST_F(Workers, AreReapedWithTheirStatus) {
  const pid_t worker = worker_that_checks([] { return true; });
  const Ending ending = reap_next();
  EXPECT_EQ(ending.pid, worker);
  EXPECT_EQ(ending.how, "exit 1");
  EXPECT_FALSE(is_child(worker)) << "it is still a zombie";
}

TEST_F(Workers, AreReapedWithTheirSignal) {
  kill(worker_that_sleeps(), SIGKILL);
  EXPECT_EQ(reap_next().how, "signal 9");
}

TEST_F(Workers, AreAllReapedAtOnce) {
  for (int i = 0; i < 3; ++i) {
    siginfo_t info;
    waitid(P_PID, worker_that_checks([] { return false; }), &info, WEXITED | WNOWAIT);
  }
  EXPECT_EQ(reap().size(), 3u);
  EXPECT_TRUE(reap().empty());
}

TEST_F(Workers, StartWithNoSignalBlocked) {
  hold_signals();
  worker_that_checks([] {
    sigset_t mask;
    sigprocmask(SIG_SETMASK, nullptr, &mask);
    return sigisemptyset(&mask) == 0;
  });
  EXPECT_EQ(reap_next().how, "exit 0") << "the worker has inherited the primary's signal mask";
}

TEST_F(Workers, AreKilledWhenThePrimaryEnds) {
  worker_that_checks([] {
    int signal = 0;
    prctl(PR_GET_PDEATHSIG, &signal);
    return signal != SIGKILL;
  });
  EXPECT_EQ(reap_next().how, "exit 0") << "it has not asked for PR_SET_PDEATHSIG";
}

TEST_F(Workers, AreStoppedAndReaped) {
  const pid_t running = worker_that_sleeps();
  const pid_t stopped = worker_that_sleeps();
  kill(stopped, SIGSTOP);
  alarm(20);  // if stop() waits for one that it has not reached, this ends the test
  stop({running, stopped});
  alarm(0);
  EXPECT_FALSE(is_child(running)) << "still there, or a zombie";
  EXPECT_FALSE(is_child(stopped)) << "still there, or a zombie";
}

TEST_F(Workers, CannotBeForkedBeyondTheLimit) {
  const rlimit none = {0, 0};
  EXPECT_EXIT(
      {
        const bool ordinary = setuid(65534) == 0 || geteuid() != 0;  // root has no such limit
        setrlimit(RLIMIT_NPROC, &none);
        if (!ordinary) _exit(1);
        try {
          if (fork_worker() == 0) _exit(0);
        } catch (const std::system_error& error) {
          std::fputs(error.what(), stderr);
        }
        _exit(0);
      },
      testing::ExitedWithCode(0), "fork: ");
}

TEST(HoldSignals, HoldsThreeAndMakesUpForTheParent) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  std::signal(SIGTERM, SIG_IGN);

  const sigset_t held = hold_signals();
  EXPECT_EQ(sigismember(&held, SIGTERM), 1);
  EXPECT_EQ(std::signal(SIGTERM, SIG_DFL), SIG_DFL);
  sigset_t mask;
  sigprocmask(SIG_SETMASK, nullptr, &mask);
  EXPECT_EQ(sigismember(&mask, SIGCHLD), 1);
  EXPECT_EQ(sigismember(&mask, SIGHUP), 0);
}

}  // namespace
