// Step 4, part 4: kept running.
//
// The supervisor replaces a worker that dies, and all of them, one after the other, when it is told
// to reload (SIGHUP). It uses nothing but what cluster/cluster.h offers to every program.
//
//   make && ./part4_kept 8000
//   kill -9 PID_OF_A_WORKER; kill -HUP PID_OF_THE_PRIMARY
#include <exception>
#include <string>

#include "cluster/cluster.h"
#include "console.h"
#include "http/server.h"
#include "number.h"
#include "supervisor/supervisor.h"

int keep_workers_running() {
  supervisor::Supervisor supervisor({.workers = 4});
  const int error = cluster::run();
  return error != 0 ? error : supervisor.exit_status();
}

int serve(int port) {
  http::Server([](const http::Request&, http::Response& response) {
    response.write_head(200);
    response.end("Hello world\n");
  }).listen(port);
  return cluster::run();
}

int main(int argc, char** argv) {
  try {
    prepare_console();
    const int port = argc > 1 ? number_in("PORT", argv[1], 0, 65535) : 8000;
    return cluster::is_primary() ? keep_workers_running() : serve(port);
  } catch (const std::exception& error) {
    complain(std::string("part4_kept: ") + error.what());
    return 1;
  }
}
