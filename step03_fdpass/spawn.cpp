#include "spawn.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "workers.h"

namespace {

// The NULL-terminated array that execve(2) wants. It points into `strings`.
std::vector<char*> pointers_to(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& s : strings) pointers.push_back(const_cast<char*>(s.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

std::string own_program() {
  return std::filesystem::read_symlink("/proc/self/exe");
}

pid_t spawn(const std::string& path, const std::vector<std::string>& argv,
            const std::vector<std::string>& environment) {
  // Everything that allocates happens before the fork. This process has one thread, so it could
  // allocate afterwards, too; in one with threads the child may not. See signal-safety(7).
  const std::vector<char*> child_argv = pointers_to(argv);
  const std::vector<char*> child_environment = pointers_to(environment);

  const pid_t worker = fork_worker();
  if (worker == 0) {
    std::signal(SIGPIPE, SIG_DFL);  // prepare_console() ignored it for us, not for other programs
    execve(path.c_str(), child_argv.data(), child_environment.data());
    perror(path.c_str());  // only reached if execve() failed
    _exit(127);
  }
  return worker;
}
