#include "http/response_head.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <ctime>
#include <stdexcept>

#include "http/grammar.h"
#include "http/request.h"

namespace http {

namespace {

// No fmt in these errors: with it, g++ inlines less, and a request takes 2 % more instructions.

std::uint64_t parsed_length(const std::string& value) {
  std::uint64_t length = 0;
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, length);
  if (error != std::errc() || stop != end) {
    throw std::invalid_argument("http: Content-Length '" + value + "' is not a number");
  }
  return length;
}

// A line end in a header field would begin another field, or another response: a client that can
// put one there answers in our name.
constexpr CharacterSet kForbidden(std::string_view("\r\n\0", 3));

void check_field(const std::string& name, const std::string& value) {
  if (!is_token(name)) {
    throw std::invalid_argument("http: '" + name + "' is not the name of a header field");
  }
  if (kForbidden.contains_any(value)) {
    throw std::invalid_argument("http: a line end in the header field " + name);
  }
}

// The field that a response with this status has to have: RFC 9110, 15. "" if there is none.
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

// strftime(3) writes the names of days in the language of the locale; that is English, as long as
// the program does not call setlocale(3).
std::string date_line_for(std::time_t now) {
  std::tm utc = {};
  gmtime_r(&now, &utc);
  std::array<char, 64> text;
  const std::size_t size =
      std::strftime(text.data(), text.size(), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
  return {text.data(), size};
}

}  // namespace

ResponseHead::ResponseHead(int final_status, const Headers& headers) : status(final_status) {
  if (status < 200 || status > 999) {
    throw std::invalid_argument("http: " + std::to_string(status) + " is not a final status");
  }
  for (const auto& [name, value] : headers) add(name, value);
  check_duty(status, headers);
}

void ResponseHead::add(const std::string& name, const std::string& value) {
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

CommonLines::CommonLines(const Options& options)
    : keep_alive(keep_alive_lines(options) + options.headers),
      close("Connection: close\r\n" + options.headers) {}

// (llhttp has such a table, too; its names are "NOT_FOUND".)
std::string_view reason_phrase(int status) {
  struct Phrase {
    int status;
    std::string_view text;
  };
  static constexpr auto kPhrases = std::to_array<Phrase>({
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {205, "Reset Content"},
      {206, "Partial Content"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {407, "Proxy Authentication Required"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {417, "Expectation Failed"},
      {422, "Unprocessable Content"},
      {426, "Upgrade Required"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
  });
  const auto found = std::ranges::find(kPhrases, status, &Phrase::status);
  return found == kPhrases.end() ? "Unknown" : found->text;
}

const std::string& date_line() {
  static std::time_t made = 0;
  static std::string line;
  const std::time_t now = std::time(nullptr);
  if (now != made) line = date_line_for(now);
  made = now;
  return line;
}

}  // namespace http
