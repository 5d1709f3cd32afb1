#include "http/parser.h"

#include <algorithm>

#include "http/head_check.h"

namespace http {

namespace {

// How much larger than the data a chunked body may be. The smallest chunk that makes sense has one
// byte, and 5 bytes around it.
constexpr std::size_t kMaxOverhead = 16UL * 1024;
constexpr std::size_t kMaxOverheadPerByte = 8;

int status_for(llhttp_errno_t error) {
  return error == HPE_INVALID_VERSION ? HTTP_STATUS_HTTP_VERSION_NOT_SUPPORTED
                                      : HTTP_STATUS_BAD_REQUEST;
}

// A head that is too large; perhaps it is the target alone that is.
int status_for_large(std::string_view head) {
  return head.find('\n') == head.npos ? HTTP_STATUS_URI_TOO_LONG
                                      : HTTP_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE;
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
  body_bytes_ = 0;
  refusal_ = 0;
  stage_ = Stage::kHead;
}

Parser::Result Parser::feed(std::string_view& bytes) {
  if (stage_ == Stage::kHead) {
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
  const llhttp_errno_t error = run(rest);
  head.append(piece, 0, piece.size() - rest.size());
  bytes.remove_prefix(piece.size() - rest.size());

  if (error != HPE_OK && error != HPE_PAUSED) return refuse(status_for(error));
  if (head.size() > options_->max_header_size) return refuse(status_for_large(head));
  return stage_ == Stage::kHead ? Result::kIncomplete : accept_head();
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

Parser::Result Parser::accept_head() {
  if (!request_->split_head()) return refuse(HTTP_STATUS_BAD_REQUEST);
  if (llhttp_.http_major != 1) return refuse(HTTP_STATUS_HTTP_VERSION_NOT_SUPPORTED);
  if (const int status = check_head(*request_); status != 0) return refuse(status);
  if (llhttp_.content_length > options_->max_body_size)
    return refuse(HTTP_STATUS_PAYLOAD_TOO_LARGE);
  request_->set_keeps_alive(wants_keep_alive(llhttp_));
  is_chunked_ = (llhttp_.flags & F_CHUNKED) != 0;
  const bool has_body = is_chunked_ || llhttp_.content_length > 0;
  return has_body && expects_continue(*request_) ? Result::kContinue : Result::kComplete;
}

// Called for a request without a body, too: then it consumes nothing.
Parser::Result Parser::feed_body(std::string_view& bytes) {
  std::string_view consumed = bytes;
  const llhttp_errno_t error = run(bytes);
  consumed.remove_suffix(bytes.size());
  body_bytes_ += consumed.size();
  for (const char c :
       consumed.substr(consumed.size() - std::min<std::size_t>(consumed.size(), 4))) {
    last_bytes_ = last_bytes_ << 8 | static_cast<unsigned char>(c);
  }

  if (refusal_ != 0) return Result::kRefused;
  if (error != HPE_OK && error != HPE_PAUSED) return refuse(HTTP_STATUS_BAD_REQUEST);
  if (has_too_much_overhead()) return refuse(HTTP_STATUS_PAYLOAD_TOO_LARGE);
  if (stage_ != Stage::kEnd) return Result::kIncomplete;
  return ends_with_empty_line() ? Result::kComplete : refuse(HTTP_STATUS_BAD_REQUEST);
}

// llhttp takes a bare line feed for the end of the trailers, where others see none.
bool Parser::ends_with_empty_line() const {
  return !is_chunked_ || last_bytes_ == 0x0d0a0d0a;
}

bool Parser::has_too_much_overhead() const {
  const std::size_t data = request_->body().size();
  return body_bytes_ - data > kMaxOverhead + kMaxOverheadPerByte * data;
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
    functions.on_chunk_header = chunk_begins;
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

// Refuses a chunk before its data arrive. Its size is in content_length.
int Parser::chunk_begins(llhttp_t* llhttp) {
  auto* parser = static_cast<Parser*>(llhttp->data);
  const std::size_t room = parser->options_->max_body_size - parser->request_->body().size();
  if (llhttp->content_length <= room) return 0;
  parser->refuse(HTTP_STATUS_PAYLOAD_TOO_LARGE);
  return -1;
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
