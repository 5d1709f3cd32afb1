// What the parser makes of a text, in whatever pieces it comes.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "http/parser.h"
#include "http/request.h"

// Reads `text` in pieces of `size` bytes. Returns the status of the refusal, 200 for a complete
// request, 0 if it is not complete.
class Reading {
 public:
  explicit Reading(std::string_view text, std::size_t size = 1'000'000, http::Options options = {})
      : options_(std::move(options)) {
    parser_.begin(options_, request);
    while (!text.empty() && status == 0) {
      std::string piece(text.substr(0, size));  // a copy: reading beyond its end is seen
      std::string_view bytes = piece;
      feed(bytes);
      text.remove_prefix(piece.size() - bytes.size());
    }
    rest = text;
  }

  http::Request request;
  int status = 0;
  int continues = 0;
  std::string rest;

 private:
  void feed(std::string_view& bytes) {
    http::Parser::Result result = http::Parser::Result::kContinue;
    while (result == http::Parser::Result::kContinue) {
      result = parser_.feed(bytes);
      continues += result == http::Parser::Result::kContinue;
      if (bytes.empty()) break;
    }
    if (result == http::Parser::Result::kComplete) status = 200;
    if (result == http::Parser::Result::kRefused) status = parser_.refusal();
  }

  const http::Options options_;
  http::Parser parser_;
};

// The status for `text`; it must not depend on how the bytes arrive.
inline int status_of(std::string_view text, const http::Options& options = {}) {
  const int status = Reading(text, 1'000'000, options).status;
  for (const std::size_t size : {1u, 2u, 3u, 7u}) {
    EXPECT_EQ(Reading(text, size, options).status, status) << "in pieces of " << size;
  }
  return status;
}

inline std::string get(const std::string& fields) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

inline std::string post(const std::string& fields, const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + body;
}

inline std::string chunked(const std::string& body) {
  return post("Transfer-Encoding: chunked\r\n", body);
}
