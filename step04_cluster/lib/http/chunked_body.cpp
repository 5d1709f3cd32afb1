#include "http/chunked_body.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "http/grammar.h"
#include "http/head_check.h"

namespace http {

namespace {

constexpr std::string_view kLineEnd = "\r\n";

// A line is kept until its end has arrived.
constexpr std::size_t kMaxLine = 16UL * 1024;

// How much larger than the data a chunked body may be. The smallest chunk that makes sense has one
// byte, and 5 bytes around it.
constexpr std::size_t kMaxOverhead = 16UL * 1024;
constexpr std::size_t kMaxOverheadPerByte = 8;

}  // namespace

void ChunkedBody::begin(std::size_t max_size) {
  max_size_ = max_size;
  size_ = overhead_ = 0;
  line_.clear();
  part_ = Part::kSize;
}

ChunkedBody::Result ChunkedBody::feed(std::string_view& bytes, std::string& body) {
  while (!bytes.empty() && part_ != Part::kEnd) {
    if (part_ == Part::kData) {
      feed_data(bytes, body);
      continue;
    }
    const Result result = feed_line(bytes);
    if (result != Result::kIncomplete) return result;
  }
  return part_ == Part::kEnd ? Result::kComplete : Result::kIncomplete;
}

void ChunkedBody::feed_data(std::string_view& bytes, std::string& body) {
  const std::string_view data = bytes.substr(0, left_);
  body += data;
  bytes.remove_prefix(data.size());
  size_ += data.size();
  left_ -= data.size();
  if (left_ == 0) part_ = Part::kDataEnd;
}

// Takes a line up to its end, or what there is of it. The limit holds for a line that has no end.
ChunkedBody::Result ChunkedBody::feed_line(std::string_view& bytes) {
  const std::size_t newline = bytes.find('\n');
  const std::string_view piece = bytes.substr(0, newline == bytes.npos ? newline : newline + 1);
  if (part_ == Part::kDataEnd && piece != kLineEnd.substr(line_.size(), piece.size()))
    return Result::kWrong;
  overhead_ += piece.size();
  const std::size_t most = kMaxOverhead + kMaxOverheadPerByte * size_;
  if (line_.size() + piece.size() > kMaxLine || overhead_ > most) return Result::kTooLarge;
  bytes.remove_prefix(piece.size());
  if (newline != bytes.npos && line_.empty()) return take_line(piece);
  line_ += piece;
  if (!line_.ends_with('\n')) return Result::kIncomplete;
  const std::string line = std::exchange(line_, {});
  return take_line(line);
}

ChunkedBody::Result ChunkedBody::take_line(std::string_view line) {
  if (!line.ends_with(kLineEnd)) return Result::kWrong;
  line.remove_suffix(kLineEnd.size());
  if (part_ == Part::kSize) return take_size(line);
  if (part_ == Part::kTrailers) return take_trailer(line);
  part_ = Part::kSize;
  return Result::kIncomplete;
}

// Refuses a chunk that is too large before its data arrive.
ChunkedBody::Result ChunkedBody::take_size(std::string_view line) {
  const std::string_view digits = line.substr(0, line.find_first_of("; \t"));
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, left_, 16);
  if (error != std::errc() || stop != end) return Result::kWrong;
  if (!are_chunk_extensions(line.substr(digits.size()))) return Result::kWrong;
  if (left_ > max_size_ - size_) return Result::kTooLarge;
  part_ = left_ > 0 ? Part::kData : Part::kTrailers;
  return Result::kIncomplete;
}

// Nobody reads it. But another program on the way may, so it must not seem to say where the request
// ends, or which host it is for: RFC 9110, 6.5.1.
ChunkedBody::Result ChunkedBody::take_trailer(std::string_view line) {
  if (line.empty()) {
    part_ = Part::kEnd;
    return Result::kComplete;
  }
  return is_field_line(line) && !is_of_the_head(line) ? Result::kIncomplete : Result::kWrong;
}

}  // namespace http
