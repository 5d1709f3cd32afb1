#include "http.h"

#include <poll.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <string_view>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxHead = 16UL * 1024;
constexpr std::chrono::seconds kPatience(5);

const std::string kOk = "200 OK";
const std::string kBadRequest = "400 Bad Request";
const std::string kTimeout = "408 Request Timeout";
const std::string kTooLarge = "431 Request Header Fields Too Large";

// Appends what the client has sent to `text`, waiting for it until `deadline`. Returns false when
// nothing more will come: the time is up, or the client has closed.
bool receive(int connection, std::string& text, Clock::time_point deadline) {
  // Rounded up: if poll(2) ended before the deadline, a late client would look like one that left.
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  pollfd readable = {connection, POLLIN, 0};
  if (poll(&readable, 1, std::max(0, static_cast<int>(left.count()))) != 1) return false;

  char buffer[4096];
  const ssize_t size = recv(connection, buffer, sizeof(buffer), 0);
  if (size > 0) text.append(buffer, size);
  return size > 0;
}

// Is this "GET /path HTTP/1.1\r\n": a method, a target and a version, one space between them?
bool is_request_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == line.npos || last <= first + 1) return false;
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  return !method.empty() && method.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == line.npos &&
         target.find(' ') == line.npos && (version == "HTTP/1.1\r\n" || version == "HTTP/1.0\r\n");
}

bool is_control(unsigned char c) {
  return (c < ' ' && c != '\r' && c != '\n' && c != '\t') || c == 127;
}

// Does the complete `head` name the host that it is for? No request may name two, and only one of
// HTTP/1.0 none: RFC 9112, 3.2.
bool names_its_host(std::string_view head) {
  const std::string_view field = "\r\nHost:";
  const std::size_t first = head.find("\r\n");
  int hosts = 0;
  for (std::size_t end = first; end + 2 < head.size(); end = head.find("\r\n", end + 2)) {
    if (strncasecmp(head.data() + end, field.data(), field.size()) == 0) ++hosts;
  }
  return hosts == 1 || (hosts == 0 && head.substr(0, first).ends_with("HTTP/1.0"));
}

// The status that `text` deserves, which is what has arrived so far: "200 OK" once the head is
// complete, "" as long as nothing can be said.
std::string judge(std::string_view text) {
  const std::size_t end = text.find("\r\n\r\n");
  const std::string_view head = end == text.npos ? text : text.substr(0, end + 4);
  const std::size_t newline = head.find('\n');
  if (std::any_of(head.begin(), head.end(), is_control)) return kBadRequest;
  if (newline != head.npos && !is_request_line(head.substr(0, newline + 1))) return kBadRequest;
  if (end != text.npos && head.size() <= kMaxHead) return names_its_host(head) ? kOk : kBadRequest;
  return head.size() < kMaxHead ? "" : kTooLarge;
}

// Reads until the head is complete or wrong. Returns the status to answer with; "": with nothing.
std::string read_head(int connection, std::string& text) {
  const Clock::time_point deadline = Clock::now() + kPatience;
  std::string status;
  while (status.empty() && receive(connection, text, deadline)) {
    text.erase(0, text.find_first_not_of("\r\n"));  // empty lines in front: RFC 9112, 2.2
    status = judge(text);
  }
  if (!status.empty()) return status;
  if (Clock::now() >= deadline) return kTimeout;
  return text.empty() ? "" : kBadRequest;  // closed before it said anything, or in the middle
}

std::string date() {
  const std::time_t now = std::time(nullptr);
  std::tm utc = {};
  char text[sizeof("Sun, 06 Nov 1994 08:49:37 GMT")];
  return {text, strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &utc))};
}

std::string response_head(const std::string& status, std::size_t content_length) {
  std::string head = "HTTP/1.1 " + status + "\r\n";
  head += "Date: " + date() + "\r\n";
  head += "Content-Type: text/plain\r\n";
  head += "Content-Length: " + std::to_string(content_length) + "\r\n";
  head += "Connection: close\r\n";
  head += "X-Worker-Pid: " + std::to_string(getpid()) + "\r\n";
  return head + "\r\n";
}

// close(2) while bytes of the client are unread would send a reset, and the reset may destroy the
// answer before the client has read it. So: say that we are done, and read until the client is too.
void close_gently(UniqueFd connection) {
  const Clock::time_point deadline = Clock::now() + kPatience;
  shutdown(connection.get(), SHUT_WR);
  std::string ignored;
  while (receive(connection.get(), ignored, deadline)) ignored.clear();
}

}  // namespace

void serve(UniqueFd connection, const std::string& body) {
  std::string text;
  const std::string status = read_head(connection.get(), text);
  if (status.empty()) return;

  const std::string content = status == kOk ? body : status + "\n";
  const std::string head = response_head(status, content.size());
  const std::string answer = text.starts_with("HEAD ") ? head : head + content;
  // A new connection has room for an answer as short as this one: send() neither waits nor stops
  // halfway. MSG_NOSIGNAL: a client that is gone must not end the worker by SIGPIPE.
  send(connection.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
  close_gently(std::move(connection));
}
