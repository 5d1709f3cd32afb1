// Step 3: the workers ask the primary for the port.
//
// Primary and worker are joined by a channel. A worker that wants to listen sends a question over
// it; the primary opens the port once, and answers every worker with a descriptor of that one
// socket. So each of them "opens port 8000", and all of them serve.
//
//   make && ./cluster --workers 4 --port 8000
//   curl -i 127.0.0.1:8000
#include <exception>
#include <string>
#include <vector>

#include "child.h"
#include "console.h"
#include "environment.h"
#include "http.h"
#include "listener.h"
#include "options.h"
#include "primary.h"
#include "spawn.h"

int run_primary(const Options& options, const std::vector<std::string>& argv);
int run_worker(const Options& options, int id);

int main(int argc, char** argv) {
  std::string name = "cluster";
  try {
    prepare_console();
    const int id = take_number("NODE_WORKER_ID");
    if (id != 0) name = "worker " + std::to_string(id);
    const Options options = parse_options(argc, argv);
    return id == 0 ? run_primary(options, {argv, argv + argc}) : run_worker(options, id);
  } catch (const std::exception& error) {
    complain(name + ": " + error.what());
    return 1;
  }
}

int run_primary(const Options& options, const std::vector<std::string>& argv) {
  const std::string program = own_program();
  Primary primary;
  for (int i = 0; i < options.workers; ++i) primary.fork(program, argv);
  return primary.run();
}

int run_worker(const Options& options, int id) {
  Child child(id);
  const UniqueFd listener = child.listen("127.0.0.1", options.port);
  while (true) serve(accept_from(listener.get()), "Hello world\n");
}
