// Listening in a worker.
#include <cerrno>
#include <map>
#include <set>

#include "api.h"
#include "listener.h"

namespace {

void report(const std::string& address) {
  cluster::worker().send("\"" + address + "\"");
}

SCENARIO(workers_share_a_port_that_the_kernel_chose) {
  if (cluster::is_worker()) return net::listen(idle_server(), {}, {.listening = report});
  static std::map<std::string, int> addresses;
  cluster::on_message([](Worker&, const std::string& address) {
    if (++addresses[address] == 3) cluster::disconnect();
  });
  cluster::fork(), cluster::fork(), cluster::fork();
  EXPECT(cluster::run() == 0);
  EXPECT(addresses.size() == 1);
}

SCENARIO(two_servers_of_a_worker_get_two_ports) {
  if (cluster::is_worker()) {
    listen_somewhere();
    return listen_somewhere();
  }
  static std::map<int, int> ports;
  cluster::on_listening([](Worker&, const Query& where) {
    ++ports[where.port];
    if (ports.size() == 2) cluster::disconnect();
  });
  cluster::fork();
  EXPECT(cluster::run() == 0);
  EXPECT(ports.size() == 2);
}

SCENARIO(a_port_in_use_is_an_error_for_the_worker_and_nobody_else) {
  static const UniqueFd other = bind_to("127.0.0.1", 0);
  if (cluster::is_worker()) {
    const int port = std::atoi(std::getenv("BUSY_PORT"));
    return net::listen(idle_server(), {port}, {.failed = [](const ListenError& error) {
                         cluster::worker().send(std::to_string(error.code().value()));
                         listen_somewhere();
                       }});
  }
  start_listening(other.get());
  cluster::on_message(
      [](Worker&, const std::string& error) { EXPECT(error == std::to_string(EADDRINUSE)); });
  cluster::on_listening([](Worker& w, const Query&) { note("elsewhere"), w.disconnect(); });
  cluster::fork({{"BUSY_PORT", std::to_string(port_of(other.get()))}});
  EXPECT(cluster::run() == 0);
  EXPECT(history() == "elsewhere ");
}

SCENARIO(a_failure_is_not_kept) {
  static UniqueFd other = bind_to("127.0.0.1", 0);
  static int port = 0;
  if (cluster::is_worker()) {
    port = std::atoi(std::getenv("BUSY_PORT"));
    cluster::worker().on_message([](const std::string&) { net::listen(idle_server(), {port}); });
    return net::listen(idle_server(), {port},
                       {.failed = [](const ListenError&) { cluster::worker().send("\"busy\""); }});
  }
  start_listening(other.get());
  cluster::on_message([](Worker& w, const std::string&) {
    note("busy");
    other = UniqueFd();
    w.send("\"again\"");
  });
  cluster::on_listening([](Worker& w, const Query&) { note("listening"), w.disconnect(); });
  cluster::fork({{"BUSY_PORT", std::to_string(port_of(other.get()))}});
  EXPECT(cluster::run() == 0);
  EXPECT(history() == "busy listening ");
}

SCENARIO(a_server_may_be_closed_before_the_primary_has_answered) {
  if (cluster::is_worker()) {
    const auto server = idle_server();
    net::listen(server, {}, {.listening = [](const std::string&) { std::exit(1); }});
    net::close(server);
    return cluster::worker().disconnect();
  }
  cluster::on_exit([](Worker&, const Ending& ending) { EXPECT(ending.code == 0); });
  cluster::fork();
  EXPECT(cluster::run() == 0);
}

SCENARIO(a_server_that_was_closed_at_once_does_not_listen_in_the_primary_either) {
  if (cluster::is_worker()) return;
  const auto server = idle_server();
  net::listen(server, {}, {.listening = [](const std::string&) { EXPECT(false); }});
  net::close(server);
  EXPECT(cluster::run() == 0);  // returns, because nothing is left to wait for
}

SCENARIO(a_server_may_listen_on_two_ports) {
  if (cluster::is_worker()) return;
  static const auto server = idle_server();
  static std::set<std::string> addresses;
  static const net::Outcome outcome = {.listening = [](const std::string& address) {
    addresses.insert(address);
    if (addresses.size() < 2) return;
    for (const std::string& one : addresses) EXPECT(can_connect(one));
    net::close(server);
  }};
  net::listen(server, {}, outcome);
  net::listen(server, {}, outcome);
  EXPECT(cluster::run() == 0);
  EXPECT(addresses.size() == 2);
}

SCENARIO(an_error_for_a_server_that_was_closed_is_nobodys_affair) {
  static const UniqueFd other = bind_to("127.0.0.1", 0);
  if (cluster::is_worker()) {
    const auto server = idle_server();
    net::listen(server, {std::atoi(std::getenv("BUSY_PORT"))});
    net::close(server);
    return cluster::worker().on_message([](const std::string&) { cluster::worker().disconnect(); });
  }
  start_listening(other.get());
  cluster::on_exit([](Worker&, const Ending& ending) { EXPECT(ending.code == 0); });
  cluster::fork({{"BUSY_PORT", std::to_string(port_of(other.get()))}}).send("\"leave\"");
  EXPECT(cluster::run() == 0);
}

SCENARIO(a_server_may_be_closed_and_listen_again) {
  if (cluster::is_worker()) {
    static const auto server = idle_server();
    return net::listen(server, {}, {.listening = [](const std::string&) {
                         net::close(server);
                         listen_somewhere();
                       }});
  }
  cluster::on_listening([](Worker& w, const Query&) {
    note("listening");
    if (history().size() > 12) w.disconnect();
  });
  cluster::fork();
  EXPECT(cluster::run() == 0);
  EXPECT(history() == "listening listening ");
}

}  // namespace
