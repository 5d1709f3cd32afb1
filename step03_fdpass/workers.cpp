#include "workers.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys_error.h"

namespace {

std::string describe(int status) {
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "exit " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

sigset_t hold_signals() {
  sigset_t held;
  sigemptyset(&held);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT}) {
    std::signal(signal, SIG_DFL);  // an ignored SIGCHLD, say, would leave nothing to wait for
    sigaddset(&held, signal);
  }
  check(sigprocmask(SIG_SETMASK, &held, nullptr), "sigprocmask");
  return held;
}

pid_t fork_worker() {
  const pid_t primary = getpid();
  const pid_t worker = check(fork(), "fork");
  if (worker != 0) return worker;

  // The primary may have died before the kernel knew of our wish; then somebody else is our parent.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != primary) _exit(1);

  // The signal mask, which is the set of blocked signals, is inherited, over execve(2) too. A
  // worker that kept the primary's could not be terminated.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  return 0;
}

std::vector<Ending> reap() {
  std::vector<Ending> endings;
  int status = 0;
  // In a loop: the kernel merges several SIGCHLD into one.
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    endings.push_back({pid, describe(status)});
  }
  return endings;
}

void stop(const std::vector<pid_t>& workers) {
  // These workers have nothing to tidy up, so they get the one signal that none can ignore, and
  // that reaches even one that is stopped.
  for (const pid_t worker : workers) kill(worker, SIGKILL);
  for (const pid_t worker : workers) waitpid(worker, nullptr, 0);
}
