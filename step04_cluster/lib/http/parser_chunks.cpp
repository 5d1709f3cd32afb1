// How a body in chunks is read: RFC 9112, 7.1.
#include <utility>

#include "http/grammar.h"
#include "http/head_check.h"
#include "http/parser.h"

namespace http {

namespace {

// A line is kept until its end has arrived.
constexpr std::size_t kMaxLine = 16UL * 1024;

// How much larger than the data a chunked body may be. The smallest chunk that makes sense has one
// byte, and 5 bytes around it.
constexpr std::size_t kMaxOverhead = 16UL * 1024;
constexpr std::size_t kMaxOverheadPerByte = 8;

}  // namespace

// llhttp gets the sizes of chunks, the data and the empty line at the end. What may stand beside
// them, we read ourselves and forget: extensions, and trailers.
Parser::Result Parser::feed_chunks(std::string_view& bytes) {
  while (!bytes.empty() && stage_ == Stage::kBody) {
    const bool is_right = part_ == Part::kData ? feed_data(bytes) : feed_line(bytes);
    if (refusal_ != 0) return Result::kRefused;
    if (!is_right) return refuse(HTTP_STATUS_BAD_REQUEST);
  }
  return stage_ == Stage::kEnd ? Result::kComplete : Result::kIncomplete;
}

bool Parser::feed_data(std::string_view& bytes) {
  const llhttp_errno_t error = run(bytes);
  return error == HPE_OK || error == HPE_PAUSED;
}

// Takes a line up to its end, or what there is of it. The limit holds for a line that has no end.
bool Parser::feed_line(std::string_view& bytes) {
  const std::size_t newline = bytes.find('\n');
  const std::string_view piece = bytes.substr(0, newline == bytes.npos ? newline : newline + 1);
  if (line_.size() + piece.size() > kMaxLine || overhead_ + piece.size() > max_overhead()) {
    refuse(HTTP_STATUS_PAYLOAD_TOO_LARGE);
    return false;
  }
  overhead_ += piece.size();
  bytes.remove_prefix(piece.size());
  if (newline != bytes.npos && line_.empty()) return take_line(piece);
  line_ += piece;
  if (!line_.ends_with('\n')) return true;
  const std::string line = std::exchange(line_, {});
  return take_line(line);
}

bool Parser::take_line(std::string_view line) {
  if (!line.ends_with("\r\n")) return false;
  line.remove_suffix(2);
  return part_ == Part::kSize ? take_size(line) : take_trailer(line);
}

bool Parser::take_size(std::string_view line) {
  const std::string_view size = line.substr(0, line.find_first_of("; \t"));
  if (!are_chunk_extensions(line.substr(size.size()))) return false;
  part_ = Part::kData;
  overhead_ += 2;  // the line end behind the data
  return run_all(size) && run_all("\r\n");
}

// Nobody reads it. Where the request ends, and to whom it goes, it must not even seem to say: RFC
// 9110, 6.5.1.
bool Parser::take_trailer(std::string_view line) {
  return line.empty() ? run_all("\r\n") : is_field_line(line) && !is_of_the_head(line);
}

bool Parser::run_all(std::string_view bytes) {
  const llhttp_errno_t error = run(bytes);
  return bytes.empty() && (error == HPE_OK || error == HPE_PAUSED);
}

std::size_t Parser::max_overhead() const {
  return kMaxOverhead + kMaxOverheadPerByte * request_->body().size();
}

// What llhttp calls; see parser.cpp.

// Refuses a chunk before its data arrive. Its size is in content_length.
int Parser::chunk_begins(llhttp_t* llhttp) {
  auto* parser = static_cast<Parser*>(llhttp->data);
  if (llhttp->content_length == 0) parser->part_ = Part::kTrailers;
  const std::size_t room = parser->options_->max_body_size - parser->request_->body().size();
  if (llhttp->content_length <= room) return 0;
  parser->refuse(HTTP_STATUS_PAYLOAD_TOO_LARGE);
  return -1;
}

// Called at the end of the trailers, too.
int Parser::chunk_ends(llhttp_t* llhttp) {
  auto* parser = static_cast<Parser*>(llhttp->data);
  if (parser->part_ == Part::kTrailers) return 0;
  parser->part_ = Part::kSize;
  return HPE_PAUSED;
}

}  // namespace http
