// What is to be written to a connection, as much at once as possible.
#pragma once

#include <uv.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "http/pooled.h"

namespace http {

class Output {
 public:
  // Backpressure: when more than this waits to be written, the client reads slower than we write,
  // and the handler should pause.
  static constexpr std::size_t kHighWater = 64UL * 1024;

  class Owner {
   public:
    // A write that could not be finished at once has ended. From the loop; not after the stream has
    // been closed.
    virtual void written(bool ok) = 0;

   protected:
    ~Owner() = default;
  };

  // Writes to `stream`, which it does not own. Both must outlive it.
  Output(uv_stream_t* stream, Owner& owner) : stream_(stream), owner_(owner) {}
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
  std::size_t waiting() const;
  bool is_empty() const { return waiting() == 0 && write_ == nullptr; }

  // Ask now and then: is there something to write, and has the client read nothing for as long as
  // `patience`? `now` is uv_now().
  bool is_stuck(std::uint64_t now, std::chrono::milliseconds patience);

 private:
  // Allocating memory for every large answer anew costs more than writing it.
  struct Text {
    std::string bytes;
    void clear();
  };

  struct Write;

  bool write_later(std::size_t begin);
  static void end_write(uv_write_t* request, int status);

  uv_stream_t* stream_;
  Owner& owner_;
  Pooled<Text> text_;       // none while there is nothing to write
  Write* write_ = nullptr;  // the one under way; libuv has it
};

}  // namespace http
