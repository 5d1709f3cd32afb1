#include "http/connection.h"

#include <fmt/format.h>
#include <uv.h>

#include <algorithm>
#include <chrono>
#include <exception>

#include "console.h"
#include "http/response.h"
#include "loop/loop.h"

namespace http {

namespace {

constexpr std::size_t kMaxUnparsed = 64UL * 1024;  // then the client has to wait
constexpr std::uint64_t kFirstRequest = 1'000;  // milliseconds to send it, while the server stops

std::uint64_t now() {
  return uv_now(loop::uv());
}

}  // namespace

void Connection::start(UniqueFd socket, bool is_adopted) {
  const Options& options = server_->options();
  begun_ = now();
  number_ = is_adopted ? 1 : 0;
  deadline_ = begun_ + (is_adopted ? options.keep_alive_timeout : options.headers_timeout).count();
  socket_.open(std::move(socket));
  if (server_->is_stopping()) stop();
}

// Serves as many requests as there are, and sends all answers with one write. What cannot be served
// yet is kept; but not without limit, and then the client has to wait.
void Connection::received(std::string_view bytes) {
  in_one_write([&] {
    while (!bytes.empty() && !unparsed_ && may_read_on()) parse(bytes);
    if (bytes.empty()) return;
    if (!unparsed_) unparsed_ = std::make_unique<std::string>();
    *unparsed_ += bytes;
  });
  socket_.set_reading(!unparsed_ || unparsed_->size() <= kMaxUnparsed);
}

void Connection::in_one_write(const std::function<void()>& function) {
  is_in_one_write_ = true;
  function();
  is_in_one_write_ = false;
  settle();
}

// One request at a time; and none for a client that does not read its answers.
bool Connection::may_read_on() const {
  const bool is_next = state_ == State::kWaiting || state_ == State::kReading;
  return is_next && socket_.is_open() && output_.waiting() <= Output::kHighWater;
}

void Connection::parse(std::string_view& bytes) {
  if (state_ == State::kWaiting) Parser::skip_empty_lines(bytes);
  if (bytes.empty()) return;
  if (state_ == State::kWaiting) begin_request();

  switch (incoming_->parser.feed(bytes)) {
    case Parser::Result::kContinue:
      output_.text() += "HTTP/1.1 100 Continue\r\n\r\n";
      break;
    case Parser::Result::kComplete:
      return handle();
    case Parser::Result::kRefused:
      return refuse(incoming_->parser.refusal());
    case Parser::Result::kIncomplete:
      break;
  }
  if (incoming_->parser.is_in_body())
    deadline_ = begun_ + server_->options().request_timeout.count();
}

void Connection::begin_request() {
  const Options& options = server_->options();
  state_ = State::kReading;
  incoming_ = take_pooled<Incoming>();
  incoming_->parser.begin(options, incoming_->request);
  if (number_ > 0) begun_ = now();
  deadline_ = begun_ + std::min(options.headers_timeout, options.request_timeout).count();
}

void Connection::begin_answer(const Request& request) {
  outgoing_ = take_pooled<Outgoing>();
  outgoing_->writer = ResponseWriter(request, server_->lines());
}

void Connection::handle() {
  const Pooled<Incoming> incoming = std::move(incoming_);
  const Request& request = incoming->request;
  state_ = State::kAnswering;
  ++number_;
  begin_answer(request);
  if (server_->is_stopping() && !server_->hand_back()) outgoing_->writer.close_afterwards();
  is_client_closing_ = !request.keeps_alive();
  call([&] {
    Response response(shared_from_this(), number_);
    server_->handle(request, response);
  });
}

// Calls a function of the program that uses this server: its trouble is that of one client.
void Connection::call(const std::function<void()>& callback) {
  try {
    return callback();
  } catch (const std::exception& error) {
    complain(fmt::format("http: {}", error.what()));
  } catch (...) {
    complain("http: unknown exception");
  }
  if (state_ != State::kAnswering) return;
  if (outgoing_->writer.is_head_written()) return socket_.reset();
  answer_error(HTTP_STATUS_INTERNAL_SERVER_ERROR);
}

bool Connection::is_answering(std::uint64_t number) const {
  return state_ == State::kAnswering && number == number_ && socket_.is_open();
}

bool Connection::write(std::string_view part) {
  outgoing_->writer.write(output_.text(), part);
  if (!is_in_one_write_) settle();
  const bool may_go_on = output_.waiting() <= Output::kHighWater;
  if (!may_go_on) is_drain_awaited_ = true;
  return may_go_on && socket_.is_open();
}

void Connection::end(std::string_view last) {
  outgoing_->writer.end(output_.text(), last);
  state_ = outgoing_->writer.keeps_alive() ? State::kWaiting : State::kFinishing;
  deadline_ = now() + server_->options().keep_alive_timeout.count();
  is_drain_awaited_ = false;
  outgoing_.reset();
  if (!is_in_one_write_) settle();
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

// A client that has asked us to close sends nothing any more. Any other may be sending just now.
void Connection::say_goodbye() {
  const bool has_read_all = !unparsed_ && !socket_.has_unread_bytes();
  unparsed_.reset();
  if (is_client_closing_ && has_read_all) return socket_.close();
  socket_.linger();
}

void Connection::refuse(int status) {
  if (state_ == State::kWaiting) begin_request();
  const Pooled<Incoming> incoming = std::move(incoming_);
  begin_answer(incoming->request);
  answer_error(status);
}

// After an error nobody knows where the next request begins: there is none.
void Connection::answer_error(int status) {
  outgoing_->writer.set_head(status, {{"Content-Type", "text/plain"}});
  outgoing_->writer.close_afterwards();
  end(fmt::format("{}\n", reason_phrase(status)));
}

void Connection::stop() {
  socket_.linger_briefly();
  const bool is_idle = state_ == State::kWaiting && output_.is_empty() && !unparsed_;
  if (server_->hand_back()) {
    if (is_idle && socket_.is_open()) hand_back();
    return;
  }
  if (outgoing_) outgoing_->writer.close_afterwards();
  if (!is_idle || socket_.has_unread_bytes()) return;
  if (number_ > 0) return socket_.close();
  deadline_ = std::min(deadline_, now() + kFirstRequest);
}

// What the client sends from now on waits in the kernel for the process that reads next.
void Connection::hand_back() {
  state_ = State::kHandingBack;
  socket_.set_reading(false);
  server_->hand_back()(socket_.fd(), [self = shared_from_this()](bool taken) {
    if (taken) return self->socket_.close();
    self->state_ = State::kWaiting;
    self->socket_.set_reading(true);
  });
}

void Connection::check_time(std::uint64_t now) {
  socket_.check_time(now);
  if (!socket_.is_open()) return;
  if (output_.is_stuck(now, server_->options().send_timeout)) return socket_.reset();
  const bool has_time = state_ == State::kAnswering || state_ == State::kHandingBack;
  if (now < deadline_ || !output_.is_empty() || has_time) return;
  const bool is_late = state_ == State::kReading || (number_ == 0 && !server_->is_stopping());
  if (is_late) return refuse(HTTP_STATUS_REQUEST_TIMEOUT);
  socket_.close();
}

void Connection::closed() {
  const std::shared_ptr<Connection> self = shared_from_this();
  const std::function<void()> tell = outgoing_ ? outgoing_->on_close : nullptr;
  if (tell) call(tell);
  outgoing_.reset();  // its functions may hold a Response, which holds this connection
  server_->ended(self);
}

}  // namespace http
