// Worker processes: how they start, how their end is noticed, how they are ended.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <string>
#include <vector>

// Blocks SIGCHLD, SIGTERM and SIGINT: the kernel keeps them until sigwait(3) asks for them. Returns
// the three as a set. Undoes what this process may have inherited: no other signal is blocked
// afterwards, and none of the three ignored. Call it before the first fork_worker().
// Throws std::system_error.
sigset_t hold_signals();

// fork(2): returns the worker's process id in the primary, and 0 in the worker.
//
// The worker is a copy of the primary, except for two things. It takes signals as they come. And
// the kernel kills it when the primary ends, however that happens. (The second is undone if the
// worker executes a set-user-ID program, or one with capabilities; see PR_SET_PDEATHSIG in
// prctl(2).) Throws std::system_error.
pid_t fork_worker();

struct Ending {
  pid_t pid;
  std::string how;  // "signal 9" or "exit 1"
};

// Reaps the children that have ended, so that no zombie stays, and returns how each of them did.
// Does not block. See waitpid(2).
std::vector<Ending> reap();

// Kills these children and reaps them. Blocks until they are gone.
void stop(const std::vector<pid_t>& workers);
