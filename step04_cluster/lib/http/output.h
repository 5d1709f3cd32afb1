// What is to be written to a connection, as much at once as possible.
#pragma once

#include <uv.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace http {

class Output {
 public:
  // When more than this waits to be written, the client reads slower than we write, and whoever
  // writes should pause.
  static constexpr std::size_t kHighWater = 64UL * 1024;

  // Writes to `stream`, which it does not own, and which must outlive it. Calls `written`, from the
  // loop, when a write ends that could not be finished at once; not if the stream has been closed.
  Output(uv_stream_t* stream, std::function<void(bool ok)> written);
  Output(const Output&) = delete;  // the writes point to it
  Output& operator=(const Output&) = delete;
  ~Output() = default;

  // Append here.
  std::string& text();

  // Writes what was appended: what the kernel takes now, and the rest when it takes more. With
  // `reports`, all of it from the loop, so that `written` tells when to go on, in any case.
  // Returns false if the connection is broken.
  bool flush(bool reports);

  // Bytes that the kernel has not taken yet.
  std::size_t waiting() const { return text_.size() + uv_stream_get_write_queue_size(stream_); }
  bool is_empty() const { return text_.empty() && !is_writing_; }

  // Ask now and then: is there something to write, and has the client read nothing for as long as
  // `patience`? `now` is uv_now().
  bool is_stuck(std::uint64_t now, std::chrono::milliseconds patience);

 private:
  struct Write;

  bool write_later(std::size_t begin);
  static void end_write(uv_write_t* request, int status);

  uv_stream_t* stream_;
  std::function<void(bool)> written_;
  std::string text_;
  bool is_writing_ = false;
  std::size_t last_unread_ = 0;  // what the client had not read when is_stuck() was asked last
  std::uint64_t progress_ = 0;   // when that was seen to have changed
};

}  // namespace http
