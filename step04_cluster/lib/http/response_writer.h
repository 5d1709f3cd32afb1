// The text of a response: its head, and what marks the end of its body. Knows nothing of sockets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/request.h"
#include "http/response_head.h"

namespace http {

class ResponseWriter {
 public:
  ResponseWriter() = default;

  // A response to `request`. `lines` must outlive it.
  ResponseWriter(const Request& request, const CommonLines& lines);

  // See Response::write_head(), which says what this throws.
  void set_head(int status, const Headers& headers);

  // Appends to `out` the head, unless that has been done, and `part` of the body.
  void write(std::string& out, std::string_view part);

  // The same for the last part. If the head has not been written before, it tells the length.
  void end(std::string& out, std::string_view last);

  // The connection is to be closed afterwards. The head says so, if it is not written yet.
  void close_afterwards() { keeps_alive_ = false; }

  // May another response follow? Only certain after end(): some bodies end with the connection.
  bool keeps_alive() const { return keeps_alive_; }
  bool is_head_written() const { return is_head_written_; }

 private:
  // How the client learns where the body ends: RFC 9112, 6.3.
  enum class Framing : std::uint8_t { kNoBody, kLength, kChunked, kUntilClose };

  bool may_have_body() const;
  Framing chosen_framing() const;
  void write_head(std::string& out);
  void write_framing(std::string& out) const;
  void write_body(std::string& out, std::string_view part);

  const CommonLines* lines_ = nullptr;
  ResponseHead head_;
  std::uint64_t written_ = 0;  // of the body
  Framing framing_ = Framing::kNoBody;
  bool is_to_head_ = false;  // the method is HEAD
  bool knows_chunks_ = true;
  bool keeps_alive_ = false;
  bool is_head_written_ = false;
};

}  // namespace http
