// An HTTP/1.1 server: RFC 9110 and 9112.
//
//     http::Server([](const http::Request&, http::Response& response) {
//       response.write_head(200);
//       response.end("Hello world\n");
//     }).listen(8000);
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "http/connections.h"
#include "http/options.h"
#include "http/request.h"
#include "http/response.h"
#include "net/listen.h"

namespace http {

// May be destroyed while it serves: it goes on, in the event loop, until it is closed.
class Server {
 public:
  explicit Server(Handler handler, Options options = {});

  // Serves the connections that arrive there; see net::listen(). Returns at once. After close() it
  // begins anew: what was there before ends as it would have, and is no longer counted as open.
  void listen(int port, net::Outcome outcome = {});
  void listen(const net::Where& where, net::Outcome outcome = {});

  // Listens no longer. Requests under way are answered, idle connections closed.
  void close();

  // What takes the connections, for a program that accepts them in some other way.
  std::shared_ptr<net::Connections> connections() const { return connections_; }

  std::size_t open_connections() const { return connections_->count(); }
  std::uint64_t total_connections() const { return connections_->total(); }
  std::uint64_t requests() const { return connections_->requests(); }

 private:
  std::shared_ptr<Connections> connections_;
  bool is_closed_ = false;
};

}  // namespace http
