#include <uv.h>

#include <iostream>
#include <map>

#include "api.h"

namespace {

int failures = 0;

std::string& events() {
  static std::string events;
  return events;
}

std::map<std::string, void (*)()>& scenarios() {
  static std::map<std::string, void (*)()> scenarios;
  return scenarios;
}

class Idle : public net::Connections {
 public:
  void take(UniqueFd connection) override { connections_.push_back(std::move(connection)); }
  void adopt(UniqueFd connection) override { take(std::move(connection)); }
  void stop(net::HandBack, std::function<void()> done) override {
    connections_.clear();
    done();
  }

 private:
  std::vector<UniqueFd> connections_;
};

}  // namespace

void expect(bool condition, const char* what, int line) {
  if (condition) return;
  ++failures;
  std::cerr << "line " << line << ": not true: " << what << " (so far: " << events() << ")\n";
}

bool failed() {
  return failures != 0;
}

std::string history() {
  return events();
}

void note(const std::string& what) {
  events() += what + " ";
}

std::shared_ptr<net::Connections> idle_server() {
  return std::make_shared<Idle>();
}

void listen_somewhere() {
  net::listen(idle_server(), {});
}

bool can_connect(const std::string& address) {
  const std::size_t colon = address.find(':');
  sockaddr_in name = {};
  uv_ip4_addr(address.substr(0, colon).c_str(), std::stoi(address.substr(colon + 1)), &name);
  const UniqueFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return connect(client.get(), reinterpret_cast<sockaddr*>(&name), sizeof(name)) == 0;
}

Scenario::Scenario(const char* name, void (*function)()) {
  scenarios()[name] = function;
}

int main(int argc, char** argv) {
  if (argc == 1) {
    for (const auto& [name, scenario] : scenarios()) std::cout << name << "\n";
    return 0;
  }
  scenarios().at(argv[1])();
  if (cluster::is_worker()) return cluster::run();
  return failed() ? 1 : 0;
}
