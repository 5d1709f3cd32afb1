// From the bytes of a connection to requests.
//
// llhttp, which Node uses too, finds the end of a head and of a body that tells its length. What is
// ours: chunks, the limits, the strictness that llhttp lacks, and the patience: its versions differ
// in what they refuse of what is well-formed, and our answer does not depend on them.
#pragma once

#include <llhttp.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/chunked_body.h"
#include "http/options.h"
#include "http/request.h"

namespace http {

class Parser {
 public:
  enum class Result {
    kIncomplete,  // all bytes are consumed, and the request is not complete
    kContinue,    // the head is complete; the client waits for "100 Continue" before the body
    kComplete,    // the request is complete; what is left of the bytes belongs to the next one
    kRefused,     // the request is wrong, or too large: see refusal()
  };

  Parser() = default;
  Parser(const Parser&) = delete;  // llhttp points to it
  Parser& operator=(const Parser&) = delete;
  ~Parser() = default;

  // What is fed from now on belongs to `request`, which is empty. Both must live until it is
  // complete.
  void begin(const Options& options, Request& request);

  // Reads on in `bytes`, removes what it has consumed, and adds it to the request. After kComplete
  // and kRefused it must not be called before begin().
  Result feed(std::string_view& bytes);

  // An empty line or two before a request are ignored: RFC 9112, 2.2. To be called between
  // requests.
  static void skip_empty_lines(std::string_view& bytes);

  // The status to refuse the request with.
  int refusal() const { return refusal_; }

  // Has the head of the request arrived, but not yet all of its body?
  bool is_in_body() const { return stage_ == Stage::kBody; }

 private:
  enum class Stage : std::uint8_t {
    kHead,
    kWrongHead,  // llhttp has refused it, but the end of its first line is missing
    kBody,
    kEnd,
  };

  static const llhttp_settings_t* settings();
  static int head_is_complete(llhttp_t* llhttp);
  static int body_goes_on(llhttp_t* llhttp, const char* text, std::size_t size) noexcept;
  static int request_is_complete(llhttp_t* llhttp);

  llhttp_errno_t run(std::string_view& bytes);
  llhttp_errno_t run_head(std::string_view& bytes);
  Result feed_head(std::string_view& bytes);
  int status_of_wrong_head() const;
  Result feed_body(std::string_view& bytes);
  Result feed_chunks(std::string_view& bytes);
  Result accept_head();
  Result refuse(int status);

  llhttp_t llhttp_ = {};
  const Options* options_ = nullptr;
  Request* request_ = nullptr;
  ChunkedBody chunks_;
  int refusal_ = 0;
  bool is_chunked_ = false;
  Stage stage_ = Stage::kEnd;
};

}  // namespace http
