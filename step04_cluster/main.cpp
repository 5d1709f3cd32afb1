// Step 4: the cluster.
//
// The primary supervises; the workers serve. Both are this program, told apart by their
// environment.
//
//   make && ./cluster --workers 4 --port 8000
//   curl -i 127.0.0.1:8000/whoami
#include <unistd.h>

#include <chrono>
#include <exception>
#include <memory>
#include <string>

#include "app.h"
#include "cluster/cluster.h"
#include "command_line.h"
#include "console.h"
#include "listener.h"
#include "loop/timer.h"
#include "os/os.h"

int run_primary(const CommandLine& line);
int run_worker(CommandLine line);

int main(int argc, char** argv) {
  try {
    const CommandLine line = parse_command_line(argc, argv);
    os::raise_descriptor_limit();
    return cluster::is_primary() ? run_primary(line) : run_worker(line);
  } catch (const std::exception& error) {
    complain(std::string("cluster: ") + error.what());
    return 1;
  }
}

int run_primary(const CommandLine& line) {
  if (!line.exec.empty()) cluster::setup_primary({.exec = line.exec, .args = line.args});
  for (const int fd : line.fds) cluster::allow_fd(fd);
  if (line.policy) cluster::set_policy(*line.policy);
  const supervisor::Supervisor supervisor(line.supervisor);
  const int error = cluster::run();
  return error != 0 ? error : supervisor.exit_status();
}

// Listens. If the port is taken, tries again for a second: the workers of a primary that was killed
// need some time to notice.
class Start : public std::enable_shared_from_this<Start> {
 public:
  Start(http::Server server, net::Where where)
      : server_(std::move(server)), where_(std::move(where)), again_([this] { try_it(); }) {}

  void try_it() {
    server_.listen(where_, {.failed = [start = shared_from_this()](const auto& error) {
                     start->failed(error);
                   }});
  }

 private:
  using Clock = std::chrono::steady_clock;

  void failed(const ListenError& error) {
    const bool may_pass = error.code() == std::errc::address_in_use && Clock::now() < deadline_;
    if (may_pass)
      again_.start(std::chrono::milliseconds(50));
    else
      loop::fail(std::make_exception_ptr(error));
  }

  http::Server server_;
  net::Where where_;
  Clock::time_point deadline_ = Clock::now() + std::chrono::seconds(1);
  loop::Timer again_;
};

int run_worker(CommandLine line) {
  line.http.headers = "X-Worker-Pid: " + std::to_string(getpid()) + "\r\n";
  App app(cluster::worker().id());
  const auto handler = [&app](const http::Request& request, http::Response& response) {
    app.answer(request, response);
  };
  const auto start = std::make_shared<Start>(http::Server(handler, line.http), line.where);
  start->try_it();
  return cluster::run();
}
