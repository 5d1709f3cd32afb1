// The text of an answer: its head, and what marks the end of its body. Knows nothing of sockets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/options.h"
#include "http/request.h"

namespace http {

using Headers = std::vector<std::pair<std::string, std::string>>;

// The lines of a head that are the same for all answers, prepared once.
struct CommonLines {
  explicit CommonLines(const Options& options);
  std::string keep_alive;  // "Connection: keep-alive\r\n" and so on, and Options::headers
  std::string close;
};

class Answer {
 public:
  Answer() = default;

  // An answer to `request`. `lines` must outlive it.
  Answer(const Request& request, const CommonLines& lines);

  // See Response::write_head(), which says what this throws.
  void set_head(int status, const Headers& headers);

  // Appends to `out` the head, unless that has been done, and `part` of the body.
  void write(std::string& out, std::string_view part);

  // The same for the last part. If the head has not been written before, it tells the length.
  void end(std::string& out, std::string_view last);

  // The connection is to be closed after this answer. It says so, if the head is not written yet.
  void close_afterwards() { keeps_alive_ = false; }

  // May another answer follow? Only certain after end(): some bodies end with the connection.
  bool keeps_alive() const { return keeps_alive_; }
  bool is_head_written() const { return is_head_written_; }

 private:
  // How the client learns where the body ends: RFC 9112, 6.3.
  enum class Framing : std::uint8_t { kNoBody, kLength, kChunked, kUntilClose };

  // What the handler has said; the lines that we have something to say about are taken out.
  struct Head {
    int status = 200;
    std::string fields = {};                   // as lines
    std::optional<std::uint64_t> length = {};  // the value of Content-Length
    bool has_date = false;
    bool closes = false;
    bool upgrades = false;

    void add(const std::string& name, const std::string& value);
  };

  bool may_have_body() const;
  Framing chosen_framing() const;
  void write_head(std::string& out);
  void write_framing(std::string& out) const;
  void write_body(std::string& out, std::string_view part);

  const CommonLines* lines_ = nullptr;
  Head head_;
  std::uint64_t written_ = 0;  // of the body
  Framing framing_ = Framing::kNoBody;
  bool is_to_head_ = false;  // the method is HEAD
  bool knows_chunks_ = true;
  bool keeps_alive_ = false;
  bool is_head_written_ = false;
};

}  // namespace http
