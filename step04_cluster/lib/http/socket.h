// A connection's socket in the event loop, and the ways to end it.
#pragma once

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "unique_fd.h"

namespace http {

class Socket {
 public:
  // What the socket tells its owner; always from the loop.
  class Owner {
   public:
    virtual void received(std::string_view bytes) = 0;  // valid during the call
    virtual void input_ended() = 0;                     // the client sends no more; it may read on
    virtual void closed() = 0;  // by us, or broken: the last call, which may destroy the socket

   protected:
    ~Owner() = default;
  };

  // `owner` must outlive the socket, and the socket must live until closed() has been called.
  explicit Socket(Owner& owner) : owner_(owner) {}
  Socket(const Socket&) = delete;  // libuv points to it
  Socket& operator=(const Socket&) = delete;
  ~Socket() = default;

  // Takes ownership of `socket`, a connected stream socket, and reads from it. Throws
  // std::system_error if libuv refuses it: then it is closed, and closed() called.
  void open(UniqueFd socket);

  // Goes on reading, or leaves what arrives to the kernel: backpressure, the client has to wait.
  void set_reading(bool reading);

  // Has something arrived that has not been read? See FIONREAD in tcp(7).
  bool has_unread_bytes() const;

  // Not told to close, not broken, and not lingering.
  bool is_open() const { return state_ == State::kOpen; }
  bool has_input_ended() const { return has_input_ended_; }

  // Ends the connection. If bytes of the client have not been read, the kernel sends a reset.
  void close();

  // Ends it with a reset, and forgets what has not been sent.
  void reset();

  // Ends it when the client does, or when the client has sent nothing for 5 s, or after 30 s. The
  // client sees at once that nothing more will come. What it still sends is read and ignored: the
  // kernel would answer it with a reset, and that can destroy what the client has not read yet. See
  // RFC 9112, 9.6.
  void linger();

  // The server stops: linger() takes 1 s at most, also if it has begun.
  void linger_briefly() { lingers_briefly_ = true; }

  // To be called now and then; `now` is uv_now(). Ends the lingering.
  void check_time(std::uint64_t now);

  int fd() const;  // still the socket's
  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&tcp_); }

 private:
  enum class State : std::uint8_t { kOpen, kLingering, kClosing };

  static void lend_buffer(uv_handle_t* handle, std::size_t size, uv_buf_t* buffer);
  static void read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer);
  static void closed(uv_handle_t* handle);
  void take_in(std::string_view bytes);
  void end_input();
  uv_handle_t* handle() { return reinterpret_cast<uv_handle_t*>(&tcp_); }

  Owner& owner_;
  uv_tcp_t tcp_ = {};
  std::uint64_t quiet_since_ = 0;  // while it lingers: when the last bytes came
  std::uint64_t lingers_since_ = 0;
  State state_ = State::kClosing;
  bool is_reading_ = false;
  bool has_input_ended_ = false;
  bool lingers_briefly_ = false;
};

}  // namespace http
