// Step 2: one program, two roles, told apart by the environment.
//
// The primary starts this program again with NODE_WORKER_ID in its environment; the program that
// finds the variable there is a worker. Workers start fresh, and each opens the port by itself. All
// of them open the same one, so at most one succeeds. That is the question step 3 answers.
//
//   make && ./cluster --workers 4 --port 8000
//   curl -i 127.0.0.1:8000
#include <exception>
#include <string>
#include <vector>

#include "console.h"
#include "environment.h"
#include "http.h"
#include "listener.h"
#include "options.h"
#include "spawn.h"
#include "workers.h"

int run_primary(const Options& options, const std::vector<std::string>& argv);
int run_worker(const Options& options, const std::string& name);
int watch_over(std::vector<pid_t>& workers, const sigset_t& signals);

int main(int argc, char** argv) {
  std::string name = "cluster";
  try {
    prepare_console();
    const int id = take_number("NODE_WORKER_ID");
    if (id != 0) name = "worker " + std::to_string(id);
    const Options options = parse_options(argc, argv);
    return id == 0 ? run_primary(options, {argv, argv + argc}) : run_worker(options, name);
  } catch (const std::exception& error) {
    complain(name + ": " + error.what());
    return 1;
  }
}

int run_primary(const Options& options, const std::vector<std::string>& argv) {
  const sigset_t signals = hold_signals();
  const std::string program = own_program();

  std::vector<pid_t> workers;
  for (int id = 1; id <= options.workers; ++id) {
    const auto environment = environment_with({{"NODE_WORKER_ID", std::to_string(id)}});
    workers.push_back(spawn(program, argv, environment));
  }
  return watch_over(workers, signals);
}

int run_worker(const Options& options, const std::string& name) {
  const UniqueFd listener = bind_to("127.0.0.1", options.port);
  start_listening(listener.get());
  say(name + ": listening on http://" + address_of(listener.get()) + " (pid " +
      std::to_string(getpid()) + ")");
  while (true) serve(accept_from(listener.get()), "Hello world\n");
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
