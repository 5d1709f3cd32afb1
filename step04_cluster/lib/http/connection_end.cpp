// How a connection goes on after each event, and the ways in which it ends.
#include <uv.h>

#include <algorithm>
#include <chrono>
#include <exception>

#include "console.h"
#include "http/connection.h"
#include "http/status.h"
#include "loop/loop.h"

namespace http {

namespace {

constexpr std::uint64_t kFirstRequest = 1'000;  // milliseconds to send it, while the server stops

}  // namespace

std::uint64_t Connection::now() {
  return uv_now(loop::uv());
}

// After everything that happened: sends what is to be sent, and sees how to go on.
void Connection::settle() {
  if (!socket_.is_open()) return;
  if (!output_.flush(is_drain_awaited_)) return socket_.close();
  if (!output_.is_empty()) return;  // written() comes back here
  if (state_ == State::kFinishing) return say_goodbye();
  if (unparsed_ && may_read_on()) {
    // Not now: we may have been called by a handler that answers an earlier request.
    return loop::post([self = shared_from_this()] { self->serve_unparsed(); });
  }
  if (socket_.has_input_ended()) return input_ended();
  if (server_->is_stopping()) stop();
}

void Connection::written(bool ok) {
  if (!ok || !output_.flush(false)) return socket_.close();
  if (!output_.is_empty()) return;
  if (state_ == State::kWaiting) deadline_ = now() + server_->options().keep_alive_timeout.count();
  in_one_write([this] {
    const bool is_awaited = std::exchange(is_drain_awaited_, false);
    if (!is_awaited || !outgoing_) return;
    const std::function<void()> callback = outgoing_->on_drain;  // a copy: end() destroys it
    if (callback) call(callback);
  });
}

void Connection::serve_unparsed() {
  if (const auto bytes = std::move(unparsed_)) received(*bytes);
}

// A client may close its direction and still wait for answers.
void Connection::input_ended() {
  if (unparsed_) return;
  if (state_ == State::kReading) return refuse(HTTP_STATUS_BAD_REQUEST);
  if (state_ == State::kWaiting && output_.is_empty()) socket_.close();
}

// Whoever has asked us to close sends nothing any more. Anybody else may be sending just now.
void Connection::say_goodbye() {
  const bool has_read_all = !unparsed_ && !socket_.has_unread_bytes();
  unparsed_.reset();
  if (is_client_closing_ && has_read_all) return socket_.close();
  socket_.linger();
}

// Calls a function of the program that uses this server: its trouble is that of one client.
void Connection::call(const std::function<void()>& callback) {
  try {
    return callback();
  } catch (const std::exception& error) {
    complain(std::string("http: ") + error.what());
  } catch (...) {
    complain("http: unknown exception");
  }
  if (state_ != State::kAnswering) return;
  outgoing_->answer.is_head_written() ? socket_.reset()
                                      : answer_error(HTTP_STATUS_INTERNAL_SERVER_ERROR);
}

void Connection::refuse(int status) {
  if (state_ == State::kWaiting) begin_request();
  const Pooled<Incoming> incoming = std::move(incoming_);
  outgoing_ = take_outgoing(incoming->request, server_->lines());
  answer_error(status);
}

// After an error nobody knows where the next request begins: there is none.
void Connection::answer_error(int status) {
  outgoing_->answer.set_head(status, {{"Content-Type", "text/plain"}});
  outgoing_->answer.close_afterwards();
  end(std::string(reason_phrase(status)) + "\n");
}

void Connection::stop() {
  socket_.hurry();
  const bool is_idle = state_ == State::kWaiting && output_.is_empty() && !unparsed_;
  if (server_->give_back()) return is_idle && socket_.is_open() ? give_back() : void();
  if (outgoing_) outgoing_->answer.close_afterwards();
  if (!is_idle || socket_.has_unread_bytes()) return;
  if (number_ > 0) return socket_.close();
  deadline_ = std::min(deadline_, now() + kFirstRequest);
}

// Whatever the client sends from now on, waits in the kernel for whoever reads next.
void Connection::give_back() {
  state_ = State::kLeaving;
  socket_.set_reading(false);
  server_->give_back()(socket_.fd(), [self = shared_from_this()](bool taken) {
    if (taken) return self->socket_.close();
    self->state_ = State::kWaiting;
    self->socket_.set_reading(true);
  });
}

void Connection::check_time(std::uint64_t now) {
  socket_.check_time(now);
  if (!socket_.is_open()) return;
  if (output_.is_stuck(now, server_->options().send_timeout)) return socket_.reset();
  const bool has_time = state_ == State::kAnswering || state_ == State::kLeaving;
  if (now < deadline_ || !output_.is_empty() || has_time) return;
  const bool is_late = state_ == State::kReading || (number_ == 0 && !server_->is_stopping());
  is_late ? refuse(HTTP_STATUS_REQUEST_TIMEOUT) : socket_.close();
}

void Connection::closed() {
  const std::shared_ptr<Connection> self = shared_from_this();
  const std::function<void()> tell = outgoing_ ? outgoing_->on_close : nullptr;
  if (tell) call(tell);
  outgoing_.reset();  // its functions may hold a Response, which holds this connection
  server_->ended(self);
}

}  // namespace http
