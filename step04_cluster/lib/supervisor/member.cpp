#include "supervisor/member.h"

#include "listener.h"
#include "net/bind.h"

namespace supervisor {

std::string name_of(const cluster::Worker& worker) {
  return "worker " + std::to_string(worker.id()) + " (pid " + std::to_string(worker.pid()) + ")";
}

std::string place_of(const cluster::Query& where) {
  const std::string address = where.address ? *where.address : net::every_address();
  return where.is_path() ? "unix:" + address : "http://" + host_and_port(address, where.port);
}

}  // namespace supervisor
