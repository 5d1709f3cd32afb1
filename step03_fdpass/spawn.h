// Starting a program in a new process.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

// The file this process was started from, links resolved: a path to start it again.
// Throws std::filesystem::filesystem_error. See /proc/self/exe in proc(5).
std::string own_program();

// Starts the program at `path` in a new worker process (see fork_worker()) and returns its id.
//
// The worker gets `argv`, where argv[0] is its name, and `environment`, as NAME=value strings. Of
// the open descriptors it keeps those that are not close-on-exec. If the program cannot be started
// the worker says so and exits with 127, as in a shell. Throws std::system_error if fork(2) fails.
// See execve(2).
pid_t spawn(const std::string& path, const std::vector<std::string>& argv,
            const std::vector<std::string>& environment);
