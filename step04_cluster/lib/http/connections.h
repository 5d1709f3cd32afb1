// All connections of a server, and what they have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

#include "http/options.h"
#include "http/request.h"
#include "http/response_head.h"
#include "loop/timer.h"
#include "net/connections.h"

namespace http {

class Connection;

// Lives as long as it may be given connections, or one of them is open.
class Connections final : public net::Connections,
                          public std::enable_shared_from_this<Connections> {
 public:
  Connections(Handler handler, Options options);
  ~Connections() override;

  // The same server without any connection, and not stopped; its counts go on.
  std::shared_ptr<Connections> successor() const;

  // See net::Connections. take() throws std::system_error if `connection` is no stream socket. A
  // connection taken after stop() is answered once. The process has to ignore SIGPIPE.
  void take(UniqueFd connection) override { take(std::move(connection), false); }
  void adopt(UniqueFd connection) override { take(std::move(connection), true); }

  // Without `hand_back`, a connection that has not sent anything yet has one second to do so: a
  // client that has connected before we stopped gets its answer. Called again, with or without
  // `hand_back`, it goes on as it was told first, and calls every `done`. See Connection::stop().
  void stop(net::HandBack hand_back, std::function<void()> done) override;

  std::size_t count() const { return open_.size(); }
  std::uint64_t total() const { return total_; }  // connections so far
  std::uint64_t requests() const { return requests_; }

  // From here on for Connection.
  const Options& options() const { return options_; }
  const CommonLines& lines() const { return lines_; }
  bool is_stopping() const { return is_stopping_; }
  const net::HandBack& hand_back() const { return hand_back_; }

  // Calls the handler.
  void handle(const Request& request, Response& response);

  // `connection` is closed; this forgets it.
  void ended(const std::shared_ptr<Connection>& connection);

 private:
  void take(UniqueFd connection, bool is_adopted);
  void check_times();

  const Handler handler_;
  const Options options_;
  const CommonLines lines_{options_};
  std::unordered_set<std::shared_ptr<Connection>> open_;
  std::uint64_t total_ = 0;
  std::uint64_t requests_ = 0;
  loop::Timer sweep_;  // runs while there are connections; one for all of them
  bool is_stopping_ = false;
  net::HandBack hand_back_;
  std::vector<std::function<void()>> stopped_;  // to be called when the last connection has ended
};

}  // namespace http
