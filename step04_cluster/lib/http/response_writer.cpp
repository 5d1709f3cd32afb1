#include "http/response_writer.h"

#include <array>
#include <charconv>
#include <stdexcept>

namespace http {

namespace {

void append_number(std::string& out, std::uint64_t number, int base = 10) {
  std::array<char, 24> digits;
  char* const begin = digits.data();
  out.append(begin, std::to_chars(begin, begin + digits.size(), number, base).ptr);
}

}  // namespace

ResponseWriter::ResponseWriter(const Request& request, const CommonLines& lines)
    : lines_(&lines),
      is_to_head_(request.method() == "HEAD"),
      knows_chunks_(request.version_minor() > 0),
      keeps_alive_(request.keeps_alive()) {}

void ResponseWriter::set_head(int status, const Headers& headers) {
  if (is_head_written_) throw std::logic_error("http: the head has been written already");
  head_ = ResponseHead(status, headers);
  if (head_.closes) keeps_alive_ = false;
}

void ResponseWriter::write(std::string& out, std::string_view part) {
  if (!is_head_written_) write_head(out);
  write_body(out, part);
}

void ResponseWriter::end(std::string& out, std::string_view last) {
  if (!is_head_written_) {
    // Where the body is not sent, the handler may have saved itself the work of making it.
    if (!head_.length && (may_have_body() || !last.empty())) head_.length = last.size();
    if (may_have_body() && *head_.length != last.size()) keeps_alive_ = false;
    write_head(out);
  }
  write_body(out, last);
  if (framing_ == Framing::kChunked) out += "0\r\n\r\n";
  if (framing_ == Framing::kLength && written_ != *head_.length) keeps_alive_ = false;
}

bool ResponseWriter::may_have_body() const {
  return !is_to_head_ && head_.status != 204 && head_.status != 205 && head_.status != 304;
}

ResponseWriter::Framing ResponseWriter::chosen_framing() const {
  if (!may_have_body()) return Framing::kNoBody;
  if (head_.length) return Framing::kLength;
  return knows_chunks_ ? Framing::kChunked : Framing::kUntilClose;
}

void ResponseWriter::write_head(std::string& out) {
  is_head_written_ = true;
  framing_ = chosen_framing();
  if (framing_ == Framing::kUntilClose) keeps_alive_ = false;
  out += "HTTP/1.1 ";
  append_number(out, head_.status);
  out.append(" ").append(reason_phrase(head_.status)).append("\r\n");
  out += head_.fields;
  if (!head_.has_date) out += date_line();
  out += keeps_alive_ ? lines_->keep_alive : lines_->close;
  if (head_.upgrades) out += "Connection: upgrade\r\n";  // RFC 9110, 7.8
  write_framing(out);
  out += "\r\n";
}

// RFC 9110, 8.6: no Content-Length in a 204. HEAD and 304 have that of the body they do not have.
// 205 has no body either, but has to say so: 15.3.6.
void ResponseWriter::write_framing(std::string& out) const {
  if (head_.status == 205) {
    out += "Content-Length: 0\r\n";
  } else if (head_.length && head_.status != 204) {
    out += "Content-Length: ";
    append_number(out, *head_.length);
    out += "\r\n";
  }
  if (framing_ == Framing::kChunked) out += "Transfer-Encoding: chunked\r\n";
}

// Never more than the length that the head tells: the client would take the rest for the next
// response.
void ResponseWriter::write_body(std::string& out, std::string_view part) {
  if (framing_ == Framing::kNoBody || part.empty()) return;
  if (framing_ == Framing::kLength) {
    if (part.size() > *head_.length - written_) keeps_alive_ = false;
    part = part.substr(0, *head_.length - written_);
  }
  written_ += part.size();
  if (framing_ == Framing::kChunked) {
    append_number(out, part.size(), 16);
    out += "\r\n";
  }
  out += part;
  if (framing_ == Framing::kChunked) out += "\r\n";
}

}  // namespace http
