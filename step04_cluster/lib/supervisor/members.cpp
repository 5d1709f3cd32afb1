#include "supervisor/members.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>

#include "console.h"
#include "listener.h"
#include "net/bind.h"

namespace supervisor {

void Member::kill_after(std::chrono::milliseconds time, const std::string& why) {
  timer.emplace([&worker = worker, why] { kill_late(worker, why); });
  timer->start(time);
}

int count(const Members& members, bool (Member::*is)() const) {
  return static_cast<int>(
      std::ranges::count_if(members, [=](const auto& entry) { return (entry.second.*is)(); }));
}

Member& first_to_leave(Members& members) {
  const auto is_ready = [](const auto& entry) { return entry.second.is_ready(); };
  const auto is_replaced = [](const auto& entry) {
    return entry.second.is_ready() && entry.second.is_outdated;
  };
  const auto found = std::ranges::find_if(members, is_replaced);
  if (found != members.end()) return found->second;
  return std::ranges::find_if(members, is_ready)->second;
}

void kill_late(cluster::Worker& worker, const std::string& why) {
  complain(fmt::format("cluster: {} {}", name_of(worker), why));
  worker.kill(SIGKILL);
}

std::string name_of(const cluster::Worker& worker) {
  return fmt::format("worker {} (pid {})", worker.id(), worker.pid());
}

std::string place_of(const cluster::Query& where) {
  const std::string address = where.address ? *where.address : net::every_address();
  return where.is_path() ? "unix:" + address : "http://" + host_and_port(address, where.port);
}

}  // namespace supervisor
