// One TCP connection: its requests are read, handled and answered, one after the other.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "http/connections.h"
#include "http/output.h"
#include "http/parser.h"
#include "http/pooled.h"
#include "http/request.h"
#include "http/response_writer.h"
#include "http/socket.h"
#include "unique_fd.h"

namespace http {

class Connection final : public std::enable_shared_from_this<Connection>,
                         private Socket::Owner,
                         private Output::Owner {
 public:
  explicit Connection(std::shared_ptr<Connections> server) : server_(std::move(server)) {}

  // Serves `socket` until the connection ends; then server->ended() is called from the loop.
  // `is_adopted`: another process has served it before. Throws as Socket::open() does.
  void start(UniqueFd socket, bool is_adopted);

  // Ends it, or hands it back, when the client has what it asked for; at once, if it is idle.
  void stop();

  // To be called now and then, `now` is uv_now(): ends the connection if its time is up.
  void check_time(std::uint64_t now);

  // What a Response does, as long as its request is the one that is being answered.
  bool is_answering(std::uint64_t number) const;
  void write_head(int status, const Headers& headers) {
    outgoing_->writer.set_head(status, headers);
  }
  bool write(std::string_view part);
  void end(std::string_view last);
  void on_drain(std::function<void()> callback) { outgoing_->on_drain = std::move(callback); }
  void on_close(std::function<void()> callback) { outgoing_->on_close = std::move(callback); }

 private:
  enum class State : std::uint8_t {
    kWaiting,      // for the first byte of a request
    kReading,      // a part of a request has arrived
    kAnswering,    // a request is complete, and its answer is not
    kFinishing,    // the last answer is complete; some of it may still have to be written
    kHandingBack,  // it was idle, and is handed back
  };

  // What a request needs while it is read, and while it is answered. Other connections have the
  // memory then: a connection that is idle holds none of it.
  struct Incoming {
    Parser parser;
    Request request;

    void clear() { request.clear(); }
  };
  struct Outgoing {
    ResponseWriter writer;
    std::function<void()> on_drain;
    std::function<void()> on_close;

    void clear() { *this = {}; }
  };

  void received(std::string_view bytes) override;
  void in_one_write(const std::function<void()>& function);
  bool may_read_on() const;
  void parse(std::string_view& bytes);
  void begin_request();
  void begin_answer(const Request& request);
  void handle();
  void call(const std::function<void()>& callback);
  void settle();
  void written(bool ok) override;
  void serve_unparsed();
  void input_ended() override;
  void say_goodbye();
  void refuse(int status);
  void answer_error(int status);
  void hand_back();
  void closed() override;

  const std::shared_ptr<Connections> server_;
  Socket socket_{*this};
  Output output_{socket_.stream(), *this};
  Pooled<Incoming> incoming_;              // in kReading
  Pooled<Outgoing> outgoing_;              // in kAnswering: the answer to request number_
  std::unique_ptr<std::string> unparsed_;  // bytes of later requests, if there are any
  std::uint64_t number_ = 0;
  std::uint64_t begun_ = 0;     // when the request began; for the first one, when we were connected
  std::uint64_t deadline_ = 0;  // for what kWaiting and kReading wait for
  State state_ = State::kWaiting;
  bool is_in_one_write_ = false;
  bool is_drain_awaited_ = false;   // write() has returned false
  bool is_client_closing_ = false;  // after this answer; it has said so
};

}  // namespace http
