// The program that it all began with: the example for cluster in the documentation of Node 0.6, in
// November 2011. README.md shows the two side by side.
#include <iostream>

#include "cluster/cluster.h"
#include "http/server.h"

int main() {
  if (cluster::is_primary()) {
    for (unsigned i = 0; i < cluster::cpus(); ++i) cluster::fork();
    cluster::on_death([](const cluster::Worker& worker) {
      std::cout << "worker " << worker.pid() << " died" << std::endl;
    });
  } else {
    http::Server([](const http::Request&, http::Response& response) {
      response.write_head(200);
      response.end("Hello world\n");
    }).listen(8000);
  }
  return cluster::run();
}
