#include "http/parser.h"

#include <algorithm>

#include "http/head_check.h"

namespace http {

namespace {

// A head that is too large; perhaps it is the target alone that is.
int status_for_large(std::string_view head) {
  return head.find('\n') == head.npos ? HTTP_STATUS_URI_TOO_LONG
                                      : HTTP_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE;
}

// Could a well-formed line begin like this? Whatever comes next, bytes of TLS will not become one.
bool is_begin_of_line(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= ' ' && c < 0x7f) || c == '\r'; });
}

// llhttp's own function takes "close, keep-alive" from an HTTP/1.0 client for keep-alive.
bool wants_keep_alive(const llhttp_t& llhttp) {
  if ((llhttp.flags & F_CONNECTION_CLOSE) != 0) return false;
  return llhttp.http_minor == 1 || (llhttp.flags & F_CONNECTION_KEEP_ALIVE) != 0;
}

}  // namespace

void Parser::begin(const Options& options, Request& request) {
  llhttp_init(&llhttp_, HTTP_REQUEST, settings());
  llhttp_.data = this;
  options_ = &options;
  request_ = &request;
  refusal_ = 0;
  stage_ = Stage::kHead;
}

Parser::Result Parser::feed(std::string_view& bytes) {
  if (stage_ == Stage::kHead || stage_ == Stage::kWrongHead) {
    const Result result = feed_head(bytes);
    if (result != Result::kComplete) return result;
  }
  return feed_body(bytes);
}

// The text of the head is kept as it is, and taken apart when it is complete. llhttp gets no more
// of it than one byte above the limit, so that the head never becomes larger than that.
Parser::Result Parser::feed_head(std::string_view& bytes) {
  std::string& head = request_->head_text();
  std::string_view rest = bytes.substr(0, options_->max_header_size + 1 - head.size());
  const std::string_view piece = rest;
  if (stage_ == Stage::kWrongHead) {
    rest = {};
  } else if (const llhttp_errno_t error = run_head(rest); error != HPE_OK && error != HPE_PAUSED) {
    stage_ = Stage::kWrongHead;
  }
  head.append(piece, 0, piece.size() - rest.size());
  bytes.remove_prefix(piece.size() - rest.size());

  const int status = stage_ == Stage::kWrongHead ? status_of_wrong_head() : 0;
  if (status != 0) return refuse(status);
  if (head.size() > options_->max_header_size) return refuse(status_for_large(head));
  return stage_ == Stage::kBody ? accept_head() : Result::kIncomplete;
}

// What llhttp refuses may be a method that it does not know, or another version of HTTP. That is
// for the first line to say, when all of it is there: until then, 0.
int Parser::status_of_wrong_head() const {
  std::string_view line = request_->head_text();
  line = line.substr(0, line.find('\n'));
  if (line.size() == request_->head_text().size()) {
    return is_begin_of_line(line) ? 0 : HTTP_STATUS_BAD_REQUEST;
  }
  if (!line.ends_with('\r')) return HTTP_STATUS_BAD_REQUEST;
  line.remove_suffix(1);
  const int status = request_->split_request_line(line) ? check_request_line(*request_) : 0;
  return status != 0 ? status : HTTP_STATUS_BAD_REQUEST;
}

// Lets llhttp read until it has consumed all, or one of the functions below makes it pause: after
// the head, and after the request. Removes from `bytes` what it has consumed.
llhttp_errno_t Parser::run(std::string_view& bytes) {
  llhttp_resume(&llhttp_);
  const llhttp_errno_t error = llhttp_execute(&llhttp_, bytes.data(), bytes.size());
  const bool paused = error == HPE_PAUSED;
  bytes.remove_prefix(paused ? llhttp_get_error_pos(&llhttp_) - bytes.data() : bytes.size());
  return error;
}

// A tab is as good as a space wherever llhttp expects one; but not every version of it knows that.
llhttp_errno_t Parser::run_head(std::string_view& bytes) {
  if (bytes.find('\t') == bytes.npos) return run(bytes);
  std::string copy(bytes);
  std::ranges::replace(copy, '\t', ' ');
  std::string_view rest = copy;
  const llhttp_errno_t error = run(rest);
  bytes.remove_prefix(bytes.size() - rest.size());
  return error;
}

Parser::Result Parser::accept_head() {
  if (!request_->split_head()) return refuse(status_of_wrong_head());
  if (const int status = check_head(*request_); status != 0) return refuse(status);
  if (llhttp_.content_length > options_->max_body_size)
    return refuse(HTTP_STATUS_PAYLOAD_TOO_LARGE);
  request_->set_keeps_alive(wants_keep_alive(llhttp_));
  is_chunked_ = (llhttp_.flags & F_CHUNKED) != 0;
  if (is_chunked_) chunks_.begin(options_->max_body_size);
  const bool has_body = is_chunked_ || llhttp_.content_length > 0;
  return has_body && expects_continue(*request_) ? Result::kContinue : Result::kComplete;
}

// Called for a request without a body, too: then it consumes nothing.
Parser::Result Parser::feed_body(std::string_view& bytes) {
  if (is_chunked_) return feed_chunks(bytes);
  const llhttp_errno_t error = run(bytes);
  if (error != HPE_OK && error != HPE_PAUSED) return refuse(HTTP_STATUS_BAD_REQUEST);
  return stage_ == Stage::kEnd ? Result::kComplete : Result::kIncomplete;
}

Parser::Result Parser::feed_chunks(std::string_view& bytes) {
  switch (chunks_.feed(bytes, request_->body_text())) {
    case ChunkedBody::Result::kIncomplete:
      return Result::kIncomplete;
    case ChunkedBody::Result::kComplete:
      stage_ = Stage::kEnd;
      return Result::kComplete;
    case ChunkedBody::Result::kTooLarge:
      return refuse(HTTP_STATUS_PAYLOAD_TOO_LARGE);
    case ChunkedBody::Result::kWrong:
      break;
  }
  return refuse(HTTP_STATUS_BAD_REQUEST);
}

Parser::Result Parser::refuse(int status) {
  refusal_ = status;
  return Result::kRefused;
}

void Parser::skip_empty_lines(std::string_view& bytes) {
  bytes.remove_prefix(std::min(bytes.size(), bytes.find_first_not_of("\r\n")));
}

// What llhttp calls. No exception may leave these functions, for llhttp is C: where memory could
// run out, that ends the process.

const llhttp_settings_t* Parser::settings() {
  static const llhttp_settings_t settings = [] {
    llhttp_settings_t functions;
    llhttp_settings_init(&functions);
    functions.on_headers_complete = head_is_complete;
    functions.on_body = body_goes_on;
    functions.on_message_complete = request_is_complete;
    return functions;
  }();
  return &settings;
}

int Parser::head_is_complete(llhttp_t* llhttp) {
  static_cast<Parser*>(llhttp->data)->stage_ = Stage::kBody;
  return HPE_PAUSED;
}

int Parser::body_goes_on(llhttp_t* llhttp, const char* text, std::size_t size) noexcept {
  static_cast<Parser*>(llhttp->data)->request_->body_text().append(text, size);
  return 0;
}

int Parser::request_is_complete(llhttp_t* llhttp) {
  static_cast<Parser*>(llhttp->data)->stage_ = Stage::kEnd;
  return HPE_PAUSED;
}

}  // namespace http
