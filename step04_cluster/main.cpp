// Step 4: the cluster.
//
// The primary supervises; the workers serve. Both are this program, told apart by their
// environment.
//
//   make && ./cluster --workers 4 --port 8000
//   curl -i 127.0.0.1:8000/whoami
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "app.h"
#include "cluster/cluster.h"
#include "command_line.h"
#include "console.h"
#include "control_client.h"
#include "listener.h"
#include "loop/timer.h"
#include "pid_file.h"
#include "supervisor/agent.h"
#include "supervisor/control.h"
#include "sys_error.h"

void raise_descriptor_limit();
int run_primary(const CommandLine& line);
void drop_privileges(const CommandLine& line);
int run_worker(CommandLine line);

int main(int argc, char** argv) {
  try {
    const CommandLine line = parse_command_line(argc, argv);
    if (!line.question.empty()) return ask_server(line.control, line.question, line.patience);
    raise_descriptor_limit();
    return cluster::is_primary() ? run_primary(line) : run_worker(line);
  } catch (const std::exception& error) {
    complain(fmt::format("cluster: {}", error.what()));
    return 1;
  }
}

// For this process, and those it starts: as many as the system allows. Usually a process may have
// 1024 open, and more only if it asks. See RLIMIT_NOFILE in getrlimit(2).
void raise_descriptor_limit() {
  rlimit limit = {};
  check(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
  limit.rlim_cur = limit.rlim_max;
  check(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
}

int run_primary(const CommandLine& line) {
  std::optional<PidFile> pid_file;
  if (!line.pid_file.empty()) pid_file.emplace(line.pid_file);
  if (!line.exec.empty()) cluster::setup_primary({.exec = line.exec, .args = line.args});
  cluster::setup_primary({.max_message_size = line.max_message_size});
  if (line.user) drop_privileges(line);
  for (const int fd : line.fds) cluster::allow_fd(fd);
  if (line.policy) cluster::set_policy(*line.policy);
  supervisor::Supervisor supervisor(line.supervisor);
  std::optional<supervisor::Control> control;
  if (!line.control.empty()) control.emplace(line.control, supervisor);
  const int error = cluster::run();
  return error != 0 ? error : supervisor.exit_status();
}

// The workers lose their privileges; what this process may bind, it binds for them only where its
// own command line says so.
void drop_privileges(const CommandLine& line) {
  cluster::setup_primary({.uid = line.user->uid, .gid = line.user->gid});
  cluster::allow_place(line.where);
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
    if (!may_pass) return loop::fail(std::make_exception_ptr(error));
    again_.start(std::chrono::milliseconds(50));
  }

  http::Server server_;
  net::Where where_;
  Clock::time_point deadline_ = Clock::now() + std::chrono::seconds(1);
  loop::Timer again_;
};

// Up to a tenth more or less, so that workers which were started together do not leave together.
std::int64_t about(std::int64_t number) {
  const std::int64_t tenth = number / 10;
  std::random_device random;
  return number - tenth + random() % (2 * tenth + 1);
}

int run_worker(CommandLine line) {
  line.http.headers = fmt::format("X-Worker-Pid: {}\r\n", getpid());
  App app(cluster::worker().id());
  const std::int64_t limit = about(line.max_requests);
  std::int64_t requests = 0;
  const auto handler = [&](const http::Request& request, http::Response& response) {
    app.answer(request, response);
    if (limit != 0 && ++requests % limit == 0) supervisor::Agent::retire();
  };
  const http::Server server(handler, line.http);
  const auto count = [&server] {
    return supervisor::Counters{server.open_connections(), server.total_connections(),
                                server.requests()};
  };
  const supervisor::Agent agent(count, [&app] { app.drain(); });
  const auto start = std::make_shared<Start>(server, line.where);
  start->try_it();
  return cluster::run();
}
