#include "http/answer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <stdexcept>

#include "http/character_set.h"
#include "http/date.h"
#include "http/grammar.h"
#include "http/status.h"

namespace http {

namespace {

void append_number(std::string& out, std::uint64_t number, int base = 10) {
  std::array<char, 24> digits;
  char* const begin = digits.data();
  out.append(begin, std::to_chars(begin, begin + digits.size(), number, base).ptr);
}

std::uint64_t parsed_length(const std::string& value) {
  std::uint64_t length = 0;
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, length);
  if (error != std::errc() || stop != end) {
    throw std::invalid_argument("http: Content-Length '" + value + "' is not a number");
  }
  return length;
}

// A line end in a header field would begin another field, or another answer: whoever can put one
// there answers in our name.
constexpr CharacterSet kForbidden(std::string_view("\r\n\0", 3));

void check_field(const std::string& name, const std::string& value) {
  if (!is_token(name)) {
    throw std::invalid_argument("http: '" + name + "' is not the name of a header field");
  }
  if (kForbidden.contains_any(value)) {
    throw std::invalid_argument("http: a line end in the header field " + name);
  }
}

// The field that an answer with this status has to have: RFC 9110, 15. "" if there is none.
std::string_view duty_of(int status) {
  switch (status) {
    case 401:
      return "WWW-Authenticate";
    case 405:
      return "Allow";
    case 407:
      return "Proxy-Authenticate";
    case 426:
      return "Upgrade";
    default:
      return "";
  }
}

void check_duty(int status, const Headers& headers) {
  const std::string_view duty = duty_of(status);
  const auto is_it = [&](const auto& field) { return equals_ignoring_case(field.first, duty); };
  if (duty.empty() || std::ranges::any_of(headers, is_it)) return;
  throw std::invalid_argument("http: an answer with " + std::to_string(status) + " needs " +
                              std::string(duty));
}

std::string keep_alive_lines(const Options& options) {
  const auto timeout = std::chrono::floor<std::chrono::seconds>(options.keep_alive_timeout);
  if (timeout.count() == 0) return "Connection: keep-alive\r\n";
  return "Connection: keep-alive\r\nKeep-Alive: timeout=" + std::to_string(timeout.count()) +
         "\r\n";
}

}  // namespace

CommonLines::CommonLines(const Options& options)
    : keep_alive(keep_alive_lines(options) + options.headers),
      close("Connection: close\r\n" + options.headers) {}

Answer::Answer(const Request& request, const CommonLines& lines)
    : lines_(&lines),
      is_to_head_(request.method() == "HEAD"),
      knows_chunks_(request.version_minor() > 0),
      keeps_alive_(request.keeps_alive()) {}

void Answer::set_head(int status, const Headers& headers) {
  if (is_head_written_) throw std::logic_error("http: the head has been written already");
  if (status < 200 || status > 999) {
    throw std::invalid_argument("http: " + std::to_string(status) + " is not a final status");
  }
  Head head = {.status = status};
  for (const auto& [name, value] : headers) head.add(name, value);
  check_duty(status, headers);
  head_ = std::move(head);
  if (head_.closes) keeps_alive_ = false;
}

void Answer::Head::add(const std::string& name, const std::string& value) {
  check_field(name, value);
  const auto is = [&](std::string_view known) { return equals_ignoring_case(name, known); };
  if (is("Transfer-Encoding")) throw std::invalid_argument("http: Transfer-Encoding is not yours");
  if (is("Content-Length")) {
    if (length) throw std::invalid_argument("http: several Content-Length");
    length = parsed_length(value);
  } else if (is("Connection")) {
    closes = closes || equals_ignoring_case(value, "close");
  } else {
    has_date = has_date || is("Date");
    upgrades = upgrades || is("Upgrade");
    fields.append(name).append(": ").append(value).append("\r\n");
  }
}

void Answer::write(std::string& out, std::string_view part) {
  if (!is_head_written_) write_head(out);
  write_body(out, part);
}

void Answer::end(std::string& out, std::string_view last) {
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

bool Answer::may_have_body() const {
  return !is_to_head_ && head_.status != 204 && head_.status != 205 && head_.status != 304;
}

Answer::Framing Answer::chosen_framing() const {
  if (!may_have_body()) return Framing::kNoBody;
  if (head_.length) return Framing::kLength;
  return knows_chunks_ ? Framing::kChunked : Framing::kUntilClose;
}

void Answer::write_head(std::string& out) {
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
void Answer::write_framing(std::string& out) const {
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
// answer.
void Answer::write_body(std::string& out, std::string_view part) {
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
