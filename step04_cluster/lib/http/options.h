// What a server can be told.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

namespace http {

class Request;
class Response;

// Answers one request: at once, or later through a copy of `response`. The request lives only as
// long as the call. An exception that leaves it becomes the answer 500, and is printed on standard
// error.
using Handler = std::function<void(const Request& request, Response& response)>;

// Limits, so that no client can use up the memory or hold a connection for ever.
struct Options {
  std::size_t max_header_size = 16UL * 1024;  // request line and header: 431, or 414
  std::size_t max_body_size = 1024UL * 1024;  // 413

  // A time-out is noticed late, by up to half a second or a quarter of the shortest of these.
  std::chrono::milliseconds keep_alive_timeout = std::chrono::seconds(5);  // idle: just closed
  std::chrono::milliseconds headers_timeout = std::chrono::seconds(60);    // 408
  std::chrono::milliseconds request_timeout = std::chrono::seconds(300);   // 408
  std::chrono::milliseconds send_timeout = std::chrono::seconds(60);       // reset

  // Lines that every answer gets, also those that report an error: "X-Worker-Pid: 4243\r\n".
  std::string headers = {};
};

}  // namespace http
