// Step 1: one listening socket, many processes.
//
// The primary opens the port and then forks. A child inherits every open descriptor of its parent,
// so each worker holds the same listening socket, and accepts from it by itself.
//
//   make && ./cluster --workers 4 --port 8000
//   curl -i 127.0.0.1:8000
#include <exception>
#include <string>
#include <vector>

#include "console.h"
#include "http.h"
#include "listener.h"
#include "options.h"
#include "workers.h"

int run_primary(const Options& options);
int run_worker(int listener);
int watch_over(std::vector<pid_t>& workers, const sigset_t& signals);

int main(int argc, char** argv) {
  try {
    prepare_console();
    return run_primary(parse_options(argc, argv));
  } catch (const std::exception& error) {
    complain(std::string("cluster: ") + error.what());
    return 1;
  }
}

int run_primary(const Options& options) {
  const UniqueFd listener = bind_to("127.0.0.1", options.port);
  start_listening(listener.get());
  const sigset_t signals = hold_signals();

  std::vector<pid_t> workers;
  for (int i = 0; i < options.workers; ++i) {
    const pid_t worker = fork_worker();  // returns twice: here, and in a new process
    if (worker == 0) return run_worker(listener.get());
    workers.push_back(worker);
  }

  say("listening on http://" + address_of(listener.get()) + " (" + std::to_string(options.workers) +
      " workers, pid " + std::to_string(getpid()) + ")");
  return watch_over(workers, signals);
}

int run_worker(int listener) {
  while (true) serve(accept_from(listener), "Hello world\n");
}

// Returns the exit status of the primary.
int watch_over(std::vector<pid_t>& workers, const sigset_t& signals) {
  while (!workers.empty()) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGCHLD) {
      stop(workers);
      return 0;
    }
    for (const Ending& ending : reap()) {
      if (std::erase(workers, ending.pid) == 0) continue;  // from before we ran this program
      say("worker " + std::to_string(ending.pid) + " died (" + ending.how + ")");
    }
  }
  complain("cluster: all workers died");
  return 1;
}
