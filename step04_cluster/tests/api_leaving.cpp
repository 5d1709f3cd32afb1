// How workers leave.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "api.h"
#include "http/server.h"

namespace {

SCENARIO(a_worker_may_leave_by_itself) {
  if (cluster::is_worker()) {
    listen_somewhere();
    return cluster::worker().on_message([](const std::string&) { cluster::worker().disconnect(); });
  }
  cluster::on_listening([](Worker& w, const Query&) { w.send("\"leave\""); });
  cluster::on_exit([](Worker& w, const Ending& ending) {
    EXPECT(w.exited_after_disconnect() && ending.code == 0);
    note("left");
  });
  cluster::fork();
  EXPECT(cluster::run() == 0);
  EXPECT(history() == "left ");
}

SCENARIO(disconnect_calls_back_when_all_are_gone) {
  if (cluster::is_worker()) return listen_somewhere();
  static int cycles = 0;
  cluster::on_listening([](Worker& w, const Query&) {
    if (w.id() % 3 != 0) return;
    cluster::disconnect([] {
      EXPECT(cluster::workers().empty());
      if (++cycles == 1) cluster::fork(), cluster::fork(), cluster::fork();
    });
  });
  cluster::on_exit(
      [](Worker& w, const Ending& e) { EXPECT(w.exited_after_disconnect() && e.code == 0); });
  cluster::fork(), cluster::fork(), cluster::fork();
  EXPECT(cluster::run() == 0);
  EXPECT(cycles == 2);
}

SCENARIO(disconnect_without_workers_calls_back_too) {
  if (cluster::is_worker()) return;
  cluster::disconnect([] { note("done"); });
  EXPECT(history().empty());  // never before disconnect() has returned
  EXPECT(cluster::run() == 0);
  EXPECT(history() == "done ");
}

SCENARIO(a_worker_can_be_disconnected_before_it_is_online) {
  if (cluster::is_worker()) return listen_somewhere();
  cluster::on_exit([](Worker& w, const Ending& ending) {
    EXPECT(w.exited_after_disconnect() && ending.code == 0);
    note("left");
  });
  cluster::fork().disconnect();
  EXPECT(cluster::run() == 0);
  EXPECT(history() == "left ");
}

SCENARIO(one_that_never_listened_does_not_disturb_the_others) {
  if (cluster::is_worker()) {
    if (cluster::worker().id() == 2) listen_somewhere();
    return;
  }
  cluster::on_listening([](Worker&, const Query&) { cluster::workers().at(1)->disconnect(); });
  cluster::on_exit([](Worker& w, const Ending&) {
    note(std::to_string(w.id()));
    if (w.id() == 1) EXPECT(cluster::workers().at(2)->is_connected());
    if (w.id() == 1) cluster::workers().at(2)->disconnect();
  });
  cluster::fork(), cluster::fork();
  EXPECT(cluster::run() == 0);
  EXPECT(history() == "1 2 ");
}

// A client of 127.0.0.1, with a request under way.
UniqueFd ask(int port) {
  UniqueFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in name = {};
  name.sin_family = AF_INET;
  name.sin_port = htons(static_cast<uint16_t>(port));
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT(connect(client.get(), reinterpret_cast<sockaddr*>(&name), sizeof(name)) == 0);
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  EXPECT(write(client.get(), request.data(), request.size()) == ssize_t(request.size()));
  return client;
}

SCENARIO(a_server_may_be_closed_while_its_worker_leaves) {
  if (cluster::is_worker()) {
    static std::vector<http::Response> kept;
    static http::Server server([](const http::Request&, http::Response& response) {
      kept.push_back(response);
      cluster::worker().send("\"begun\"");
    });
    server.listen(0);
    return cluster::worker().on_message([](const std::string&) {
      server.close();
      kept.at(0).end("late\n");
    });
  }
  static UniqueFd client;
  cluster::on_listening([](Worker&, const Query& where) { client = ask(where.port); });
  cluster::on_message([](Worker& w, const std::string&) {
    w.disconnect();
    w.send("\"close your server\"");
  });
  cluster::on_exit([](Worker&, const Ending& ending) { note(to_string(ending)); });
  cluster::fork();
  EXPECT(cluster::run() == 0);
  EXPECT(history() == "exit 0 ");
}

}  // namespace
