#include "cluster/identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "console.h"
#include "environment.h"
#include "sys_error.h"

namespace cluster {

namespace {

std::string take_text(const char* name) {
  const char* variable = std::getenv(name);
  std::string text = variable == nullptr ? "" : variable;
  unsetenv(name);
  return text;
}

// The arguments are in the file separated, and ended, by NUL. See proc(5).
std::vector<std::string> arguments_of_this_process() {
  std::ifstream file("/proc/self/cmdline");
  std::vector<std::string> arguments;
  for (std::string argument; std::getline(file, argument, '\0');) arguments.push_back(argument);
  if (!arguments.empty()) arguments.erase(arguments.begin());
  return arguments;
}

UniqueFd take_channel(int fd) {
  struct stat status = {};
  if (fstat(fd, &status) == -1 || !S_ISSOCK(status.st_mode)) {
    throw std::runtime_error("NODE_CHANNEL_FD is " + std::to_string(fd) + ", which is no socket");
  }
  check(fcntl(fd, F_SETFD, FD_CLOEXEC), "fcntl");
  return UniqueFd(fd);
}

Identity take_identity() {
  Identity identity;
  identity.program = std::filesystem::read_symlink("/proc/self/exe");
  identity.arguments = arguments_of_this_process();
  const char* policy = std::getenv("NODE_CLUSTER_SCHED_POLICY");
  identity.deals_connections = policy == nullptr || std::string(policy) != "none";

  const std::string serialization = take_text("NODE_CHANNEL_SERIALIZATION_MODE");
  const int channel = take_number("NODE_CHANNEL_FD");
  identity.id = take_number("NODE_UNIQUE_ID");
  if (identity.id == 0) return identity;
  if (channel == 0) {
    throw std::runtime_error(
        "NODE_UNIQUE_ID is set, but not NODE_CHANNEL_FD: only a primary can start a worker");
  }
  if (!serialization.empty() && serialization != "json") {
    throw std::runtime_error("NODE_CHANNEL_SERIALIZATION_MODE is '" + serialization +
                             "', and this worker only knows json");
  }
  identity.channel = take_channel(channel);
  return identity;
}

Identity take_identity_or_exit() {
  try {
    prepare_console();
    return take_identity();
  } catch (const std::exception& error) {
    complain(std::string("cluster: ") + error.what());
    std::exit(1);
  }
}

// Before main(): so the program never sees the variables.
[[maybe_unused]] const Identity& at_start = identity();

}  // namespace

Identity& identity() {
  static Identity identity = take_identity_or_exit();
  return identity;
}

}  // namespace cluster
