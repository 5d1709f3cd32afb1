#include "cluster/cluster.h"

#include <uv.h>

#include <exception>
#include <utility>

#include "cluster/identity.h"
#include "console.h"
#include "loop/loop.h"

namespace cluster {

bool is_primary() {
  return identity().id == 0;
}

bool is_worker() {
  return !is_primary();
}

int run() {
  try {
    if (is_worker()) worker();  // it says that it is online, even if it does nothing else
    loop::run();
    return Primary::failed_to_start ? 1 : 0;
  } catch (const std::exception& error) {
    complain(std::string("cluster: ") + error.what());
    return 1;
  }
}

unsigned cpus() {
  return uv_available_parallelism();
}

Worker& fork(const std::map<std::string, std::string>& env) {
  return primary().fork(env);
}

void setup_primary(const Settings& settings) {
  primary().settings.add(settings);
}

const Policy& policy() {
  return primary().policy;
}

void set_policy(Policy policy) {
  primary().policy = std::move(policy);
}

const std::map<int, std::shared_ptr<Worker>>& workers() {
  return primary().workers;
}

std::vector<Listening> listening() {
  return primary().handles().status();
}

void disconnect(std::function<void()> done) {
  primary().disconnect(std::move(done));
}

void on_fork(std::function<void(Worker&)> listener) {
  primary().on_fork.add(std::move(listener));
}

void on_online(std::function<void(Worker&)> listener) {
  primary().on_online.add(std::move(listener));
}

void on_listening(std::function<void(Worker&, const Query&)> listener) {
  primary().on_listening.add(std::move(listener));
}

void on_signalled(std::function<void(Worker&)> listener) {
  primary().on_signalled.add(std::move(listener));
}

void on_disconnect(std::function<void(Worker&)> listener) {
  primary().on_disconnect.add(std::move(listener));
}

void on_exit(std::function<void(Worker&, const Ending&)> listener) {
  primary().on_exit.add(std::move(listener));
}

void on_death(std::function<void(Worker&)> listener) {
  primary().on_death.add(std::move(listener));
}

void on_message(std::function<void(Worker&, const std::string&)> listener) {
  primary().on_message.add(std::move(listener));
}

void on_socket(std::function<void(Worker&, const std::string&, UserSocket)> taker) {
  primary().on_socket = std::move(taker);
}

}  // namespace cluster
