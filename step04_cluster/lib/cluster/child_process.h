// Starts a worker: fork(2), a channel, an environment, execve(2).
//
// Its twin is the function fork() in Node's lib/child_process.js.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "unique_fd.h"

namespace cluster {

// What to start, and how. Members that are not set leave things as they are.
struct Settings {
  std::optional<std::string> exec = {};               // a path, or a name to look for in PATH
  std::optional<std::vector<std::string>> args = {};  // without argv[0]
  std::optional<std::string> cwd = {};
  std::map<std::string, std::string> env = {};  // added to the environment, or replacing
  std::optional<bool> silent = {};              // input, output, errors: /dev/null
  std::optional<uid_t> uid = {};
  std::optional<gid_t> gid = {};
  std::optional<std::size_t> max_message_size = {};  // that it sends, in bytes; not set: 1 MiB

  // Takes over what is set in `others`, and leaves the rest.
  void add(const Settings& others);
};

struct ChildProcess {
  pid_t pid;
  UniqueFd channel;  // the primary's end
  std::size_t max_message_size;
};

// Undoes what this process may have inherited: no signal is blocked afterwards.
void let_signals_through();

// Starts the program, with its end of a new channel in NODE_CHANNEL_FD. Besides that, it inherits
// descriptors 0 to 2. It takes signals as they come, and the kernel kills it when this process
// ends, however that happens. A program that is not ours gets a process group of its own, so that
// Ctrl-C does not reach it: ours ignores that, and follows its primary.
//
// If the program cannot be started, the child says why on standard error, and exits with 127.
// Throws std::system_error if there can be no child.
ChildProcess fork_child(const Settings& settings);

}  // namespace cluster
