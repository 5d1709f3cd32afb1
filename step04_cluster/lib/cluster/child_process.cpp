#include "cluster/child_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "cluster/identity.h"
#include "ipc/channel.h"
#include "environment.h"
#include "sys_error.h"

namespace cluster {

namespace {

// The NULL-terminated array that execve(2) wants. It points into `strings`.
std::vector<char*> pointers_to(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& s : strings) pointers.push_back(const_cast<char*>(s.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// In the child, a failure of anything: there is nobody to throw to.
void check_or_exit(bool success, const char* attempt) {
  if (success) return;
  perror(attempt);
  _exit(127);
}

void drop_privileges(const Settings& settings) {
  const bool drops = settings.uid || settings.gid;
  if (drops && getuid() == 0) check_or_exit(setgroups(0, nullptr) == 0, "setgroups");
  if (settings.gid) check_or_exit(setgid(*settings.gid) == 0, "setgid");
  if (settings.uid) check_or_exit(setuid(*settings.uid) == 0, "setuid");
}

void silence() {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int fd : {0, 1, 2}) check_or_exit(dup2(null, fd) == fd, "dup2");
}

// The child gets none of what the primary has inherited itself. close_range(2) can do this since
// Linux 5.11, and some containers refuse it.
void inherit_nothing() {
  if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  DIR* const all = opendir("/proc/self/fd");
  check_or_exit(all != nullptr, "/proc/self/fd");
  while (const dirent* entry = readdir(all)) {
    const int fd = std::atoi(entry->d_name);  // 0 for what is no number
    if (fd > 2) fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  closedir(all);
}

// While all signals are blocked. What the primary does on a signal, the child must not do: its
// handlers write into a pipe that both share until execve(2).
void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal) std::signal(signal, SIG_DFL);
  let_signals_through();
}

// After the privileges are dropped, which would undo it; and the primary may have died before.
void die_with(pid_t primary) {
  check_or_exit(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "prctl");
  if (getppid() != primary) _exit(1);
}

[[noreturn]] void become(const Settings& settings, pid_t primary, int channel, char* const argv[],
                         char* const environment[]) {
  if (settings.exec) setpgid(0, 0);
  if (settings.silent.value_or(false)) silence();
  if (settings.cwd) check_or_exit(chdir(settings.cwd->c_str()) == 0, settings.cwd->c_str());
  inherit_nothing();  // before the privileges go: then /proc/self is root's
  drop_privileges(settings);
  die_with(primary);
  check_or_exit(fcntl(channel, F_SETFD, 0) == 0, "fcntl");  // only this child inherits it
  reset_signals();
  execvpe(argv[0], argv, environment);
  check_or_exit(false, argv[0]);
  std::abort();
}

// fork(2) with all signals blocked; the child leaves them blocked.
pid_t fork_quietly() {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t pid = fork();
  if (pid != 0) sigprocmask(SIG_SETMASK, &before, nullptr);
  return check(pid, "fork");
}

}  // namespace

void let_signals_through() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

void Settings::add(const Settings& others) {
  if (others.exec) exec = others.exec;
  if (others.args) args = others.args;
  if (others.cwd) cwd = others.cwd;
  if (others.silent) silent = others.silent;
  if (others.uid) uid = others.uid;
  if (others.gid) gid = others.gid;
  if (others.max_message_size) max_message_size = others.max_message_size;
  for (const auto& [name, value] : others.env) env[name] = value;
}

ChildProcess fork_child(const Settings& settings) {
  ipc::Ends ends = ipc::socket_pair();
  std::vector<std::string> arguments = {settings.exec.value_or(identity().program)};
  for (const auto& argument : settings.args.value_or(identity().arguments)) {
    arguments.push_back(argument);
  }
  auto variables = settings.env;
  variables["NODE_CHANNEL_FD"] = std::to_string(ends.worker.get());
  variables["NODE_CHANNEL_SERIALIZATION_MODE"] = "json";
  const std::vector<std::string> environment = environment_with(variables);
  const std::vector<char*> argv = pointers_to(arguments);
  const std::vector<char*> envp = pointers_to(environment);

  const pid_t primary = getpid();
  const pid_t pid = fork_quietly();
  if (pid == 0) become(settings, primary, ends.worker.get(), argv.data(), envp.data());
  return {pid, std::move(ends.primary), settings.max_message_size.value_or(1UL << 20)};
}

}  // namespace cluster
