#include "cluster/utils.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <set>
#include <utility>

#include "listener.h"
#include "net/socket.h"

namespace cluster {

namespace {

std::set<int>& allowed_fds() {
  static std::set<int> fds;
  return fds;
}

std::set<std::string>& allowed_places() {
  static std::set<std::string> places;
  return places;
}

UniqueFd duplicate(int fd, const std::string& key) {
  if (!allowed_fds().contains(fd)) throw ListenError(EACCES, key);
  UniqueFd copy(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy || fcntl(copy.get(), F_SETFL, O_NONBLOCK) == -1) throw ListenError(errno, key);
  return copy;
}

}  // namespace

void allow_fd(int fd) {
  allowed_fds().insert(fd);
}

void allow_place(const net::Where& where) {
  allowed_places().insert(place_of(query_of(where)));
}

std::int64_t next_seq() {
  static std::int64_t last = -1;
  return ++last;
}

std::string key_of(const ipc::Query& query) {
  const std::string fd = query.fd ? std::to_string(*query.fd) : "undefined";
  const std::string index = query.port == 0 ? ":" + std::to_string(query.index) : "";
  return query.address.value_or("null") + ":" + std::to_string(query.port) + ":" +
         query.address_type + ":" + fd + index;
}

ipc::Query query_of(const net::Where& where) {
  if (const auto path = net::path_of(where.host))
    return {.address = net::resolve(*path), .port = -1, .address_type = "-1"};
  const bool is_ipv6 = where.host.find(':') != std::string::npos;
  ipc::Query query = {.port = where.port, .address_type = is_ipv6 ? "6" : "4"};
  if (where.host != "any") query.address = where.host;
  return query;
}

std::string place_of(const ipc::Query& query) {
  const std::string address = query.address.value_or("any");
  if (query.is_path()) return "unix:" + address;
  return (query.is_udp() ? "udp:" : "") + host_and_port(address, query.port);
}

std::string describe_place_of(const ipc::Query& query) {
  return query.is_path() ? net::describe_path(query.address.value_or("")) : place_of(query);
}

std::string place_of(const ipc::Query& query, int socket) {
  const auto name = name_of(socket);
  return name ? host_and_port(name->address, name->port) : place_of(query);
}

std::optional<ipc::SocketName> name_of(int socket) {
  const std::string address = net::local_address(socket);
  if (address.empty()) return std::nullopt;
  return ipc::SocketName{address, port_of(socket)};
}

net::BoundSocket bind_for(const ipc::Query& query, bool reuse_port) {
  if (query.fd) return duplicate(*query.fd, key_of(query));
  const bool is_trusted = allowed_places().empty();
  const bool is_allowed = is_trusted || allowed_places().contains(place_of(query));
  if (!is_allowed) throw ListenError(EACCES, place_of(query));
  if (query.is_path()) {
    return net::bind_unix(query.address.value_or(""), {is_trusted && query.readable_by_all,
                                                       is_trusted && query.writable_by_all});
  }
  const net::BindOptions options = {.ipv6_only = (query.flags & 1) != 0,
                                    .reuse_port = reuse_port,
                                    .reuse_address = (query.flags & 4) != 0};
  if (!query.is_udp()) return net::bind_tcp(query.address, query.port, options);
  const std::string every = query.address_type == "udp6" ? "::" : "0.0.0.0";
  return net::bind_udp(query.address.value_or(every), query.port, options);
}

net::BoundSocket listen_for(const ipc::Query& query) {
  net::BoundSocket listener = bind_for(query);
  listen_on(listener.fd.get(), query);
  return listener;
}

void listen_on(int socket, const ipc::Query& query) {
  constexpr int kBacklog = 511;
  net::listen_on(socket, place_of(query), query.backlog > 0 ? query.backlog : kBacklog);
}

std::unique_ptr<net::Acceptor> accept_on(UniqueFd socket, const ipc::Query& query,
                                         const std::shared_ptr<net::Connections>& connections,
                                         std::function<void(int)> broken) {
  // libuv, and so a Node primary, finds out in listen() only that the port is taken: then the
  // socket is bound to no port, and listening would open a random one.
  const bool any_port = query.is_path() || query.port == 0;
  const bool is_it =
      net::could_listen(socket.get()) && (any_port || query.port == port_of(socket.get()));
  if (!is_it) throw ListenError(EADDRINUSE, "");
  listen_on(socket.get(), query);
  const auto take = [connections](UniqueFd connection) {
    connections->take(std::move(connection));
  };
  auto acceptor = std::make_unique<net::Acceptor>(std::move(socket), take, std::move(broken));
  acceptor->resume();
  return acceptor;
}

}  // namespace cluster
