#include "net/listen.h"

#include <sys/socket.h>

#include <map>
#include <optional>
#include <utility>

#include "cluster/cluster.h"
#include "listener.h"
#include "loop/loop.h"
#include "net/acceptor.h"
#include "net/tcp.h"

namespace net {

namespace {

// Where this process itself listens: the primary, or a program without any cluster.
std::map<std::shared_ptr<Connections>, Acceptor>& acceptors() {
  static std::map<std::shared_ptr<Connections>, Acceptor> acceptors;
  return acceptors;
}

std::string listen_alone(const std::shared_ptr<Connections>& connections, const Where& where) {
  const bool any = where.host == "any";
  UniqueFd socket = bind_tcp(any ? std::nullopt : std::optional(where.host), where.port);
  start_listening(socket.get());
  std::string address = address_of(socket.get());
  const auto take = [&taker = *connections](UniqueFd connection) {
    taker.take(std::move(connection));
  };
  acceptors().try_emplace(connections, std::move(socket), take).first->second.resume();
  return address;
}

}  // namespace

void listen(std::shared_ptr<Connections> connections, const Where& where, Outcome outcome) {
  if (cluster::is_worker()) {
    return cluster::worker().listen(std::move(connections), where, std::move(outcome));
  }
  loop::post([=] {
    try {
      const std::string address = listen_alone(connections, where);
      if (outcome.listening) outcome.listening(address);
    } catch (const ListenError& error) {
      if (!outcome.failed) throw;
      outcome.failed(error);
    }
  });
}

void close(const std::shared_ptr<Connections>& connections) {
  if (cluster::is_worker()) return cluster::worker().close(connections);
  acceptors().erase(connections);
  connections->stop([] {});
}

}  // namespace net
