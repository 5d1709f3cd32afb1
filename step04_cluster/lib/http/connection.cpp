#include "http/connection.h"

#include <algorithm>

#include "http/response.h"

namespace http {

constexpr std::size_t kMaxUnparsed = 64UL * 1024;  // then the client has to wait

void Connection::start(UniqueFd socket, bool was_served) {
  const Options& options = server_->options();
  begun_ = now();
  number_ = was_served ? 1 : 0;
  deadline_ = begun_ + (was_served ? options.keep_alive_timeout : options.headers_timeout).count();
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
  incoming_ = take_incoming(options);
  if (number_ > 0) begun_ = now();
  deadline_ = begun_ + std::min(options.headers_timeout, options.request_timeout).count();
}

void Connection::handle() {
  const Pooled<Incoming> incoming = std::move(incoming_);
  const Request& request = incoming->request;
  state_ = State::kAnswering;
  ++number_;
  outgoing_ = take_outgoing(request, server_->lines());
  if (server_->is_stopping() && !server_->give_back()) outgoing_->answer.close_afterwards();
  is_client_closing_ = !request.keeps_alive();
  call([&] {
    Response response(shared_from_this(), number_);
    server_->handle(request, response);
  });
}

bool Connection::is_answering(std::uint64_t number) const {
  return state_ == State::kAnswering && number == number_ && socket_.is_open();
}

bool Connection::write(std::string_view part) {
  outgoing_->answer.write(output_.text(), part);
  if (!is_in_one_write_) settle();
  const bool may_go_on = output_.waiting() <= Output::kHighWater;
  if (!may_go_on) is_drain_awaited_ = true;
  return may_go_on && socket_.is_open();
}

void Connection::end(std::string_view last) {
  outgoing_->answer.end(output_.text(), last);
  state_ = outgoing_->answer.keeps_alive() ? State::kWaiting : State::kFinishing;
  deadline_ = now() + server_->options().keep_alive_timeout.count();
  is_drain_awaited_ = false;
  outgoing_.reset();
  if (!is_in_one_write_) settle();
}

}  // namespace http
