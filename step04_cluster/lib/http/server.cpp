#include "http/server.h"

#include <utility>

namespace http {

Server::Server(Handler handler, Options options)
    : connections_(std::make_shared<Connections>(std::move(handler), std::move(options))) {}

void Server::listen(int port, net::Outcome outcome) {
  listen(net::Where{.port = port}, std::move(outcome));
}

void Server::listen(const net::Where& where, net::Outcome outcome) {
  if (std::exchange(is_closed_, false)) connections_ = connections_->successor();
  net::listen(connections_, where, std::move(outcome));
}

void Server::close() {
  is_closed_ = true;
  net::close(connections_);
}

}  // namespace http
