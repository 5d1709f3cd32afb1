#include "cluster/utils.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "listener.h"
#include "net/tcp.h"

namespace cluster {

std::int64_t next_seq() {
  static std::int64_t last = -1;
  return ++last;
}

std::string key_of(const Query& query) {
  const std::string fd = query.fd ? std::to_string(*query.fd) : "undefined";
  return query.address.value_or("null") + ":" + std::to_string(query.port) + ":" +
         query.address_type + ":" + fd + ":" + std::to_string(query.index);
}

Query query_of(const net::Where& where) {
  const bool is_ipv6 = where.host.find(':') != std::string::npos;
  Query query = {.port = where.port, .address_type = is_ipv6 ? "6" : "4"};
  if (where.host != "any") query.address = where.host;
  return query;
}

SocketName name_of(int socket) {
  return {net::local_address(socket), port_of(socket)};
}

UniqueFd bind_for(const Query& query, bool reuse_port) {
  const bool is_tcp = (query.address_type == "4" || query.address_type == "6") && !query.fd;
  if (!is_tcp) throw ListenError(EAFNOSUPPORT, key_of(query));
  const bool ipv6_only = (query.flags & 1) != 0;
  return net::bind_tcp(query.address, query.port, {ipv6_only, reuse_port});
}

UniqueFd listen_for(const Query& query) {
  UniqueFd listener = bind_for(query);
  listen_on(listener.get(), query);
  return listener;
}

void listen_on(int socket, const Query& query) {
  constexpr int kBacklog = 511;
  const int backlog = query.backlog > 0 ? query.backlog : kBacklog;
  if (listen(socket, backlog) == -1) throw ListenError(errno, address_of(socket));
}

std::unique_ptr<net::Acceptor> accept_on(UniqueFd socket, const Query& query,
                                         const std::shared_ptr<net::Connections>& connections) {
  // libuv, and so a Node primary, finds out in listen() only that the port is taken: then the
  // socket is bound to no port, and listening would open a random one.
  const bool is_it =
      net::could_listen(socket.get()) && (query.port == 0 || query.port == port_of(socket.get()));
  if (!is_it) throw ListenError(EADDRINUSE, "");
  listen_on(socket.get(), query);
  const auto take = [connections](UniqueFd connection) {
    connections->take(std::move(connection));
  };
  auto acceptor = std::make_unique<net::Acceptor>(std::move(socket), take);
  acceptor->resume();
  return acceptor;
}

}  // namespace cluster
