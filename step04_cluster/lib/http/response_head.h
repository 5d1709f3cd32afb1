// The head of a response: what the handler has said, checked; and what the server adds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/options.h"

namespace http {

using Headers = std::vector<std::pair<std::string, std::string>>;

// What a handler has said; the fields that the server has something to say about are taken out.
struct ResponseHead {
  ResponseHead() = default;

  // See Response::write_head(), which says what this throws.
  ResponseHead(int final_status, const Headers& headers);

  int status = 200;
  std::string fields;                   // as lines
  std::optional<std::uint64_t> length;  // the value of Content-Length
  bool has_date = false;
  bool closes = false;
  bool upgrades = false;

 private:
  void add(const std::string& name, const std::string& value);
};

// The lines that are the same in all heads, prepared once.
struct CommonLines {
  explicit CommonLines(const Options& options);
  std::string keep_alive;  // "Connection: keep-alive\r\n" and so on, and Options::headers
  std::string close;
};

// "Not Found" for 404: RFC 9110, 15. "Unknown" for a status whose name we do not know.
std::string_view reason_phrase(int status);

// "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", for now: RFC 9110, 6.6.1. Made anew only when a second
// has passed.
const std::string& date_line();

}  // namespace http
