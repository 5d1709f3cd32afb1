// Sockets that Node programs give away with a message. Nobody does here: see test_user_sockets.py.
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

#include "api.h"
#include "loop/watcher.h"

namespace {

// Writes to the client, and closes when it does.
class Keeper {
 public:
  void keep(cluster::UserSocket socket) {
    const std::string text = "taken\n";
    EXPECT(write(socket.fd.get(), text.data(), text.size()) == ssize_t(text.size()));
    socket_ = std::move(socket);
    watcher_.emplace(socket_.fd.get(), [this] {
      watcher_.reset();
      socket_ = {};
    });
    watcher_->wait_until_readable();
  }

 private:
  cluster::UserSocket socket_;
  std::optional<loop::Watcher> watcher_;
};

SCENARIO(a_worker_takes_sockets) {
  if (cluster::is_worker()) {
    static Keeper keeper;
    return cluster::worker().on_socket([](const std::string& json, cluster::UserSocket socket) {
      EXPECT(json == "\"yours\"");
      keeper.keep(std::move(socket));
    });
  }
  cluster::on_online([](Worker& w) { w.disconnect(); });
  cluster::fork();
  EXPECT(cluster::run() == 0);
}

SCENARIO(the_primary_takes_sockets) {
  if (cluster::is_worker()) return cluster::worker().disconnect();
  static Keeper keeper;
  const char* const node = std::getenv("GIVER_NODE");
  const char* const script = std::getenv("GIVER_SCRIPT");
  if (node != nullptr) cluster::setup_primary({.exec = node, .args = {{script}}});
  cluster::on_socket([](Worker&, const std::string& json, cluster::UserSocket socket) {
    EXPECT(json == "\"yours\"");
    keeper.keep(std::move(socket));
  });
  cluster::fork();
  EXPECT(cluster::run() == 0);
}

}  // namespace
