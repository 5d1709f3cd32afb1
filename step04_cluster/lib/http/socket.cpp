#include "http/socket.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>

#include "loop/loop.h"
#include "sys_error.h"

namespace http {

namespace {

// In milliseconds, as libuv counts.
constexpr std::uint64_t kQuiet = 5'000;
constexpr std::uint64_t kLinger = 30'000;
constexpr std::uint64_t kLingerBriefly = 1'000;

std::uint64_t now() {
  return uv_now(loop::uv());
}

}  // namespace

void Socket::open(UniqueFd socket) {
  uv_tcp_init(loop::uv(), &tcp_);
  tcp_.data = this;
  state_ = State::kOpen;
  if (const int error = uv_tcp_open(&tcp_, socket.get()); error < 0) {
    close();
    errno = -error;
    throw_errno("uv_tcp_open");
  }
  socket.release();  // libuv closes it
  set_reading(true);
}

void Socket::set_reading(bool reading) {
  if (state_ == State::kClosing || has_input_ended_ || reading == is_reading_) return;
  is_reading_ = reading;
  if (reading) {
    uv_read_start(stream(), lend_buffer, read);
  } else {
    uv_read_stop(stream());
  }
}

// One buffer for all connections: what is read into it is used up before the next read.
void Socket::lend_buffer(uv_handle_t*, std::size_t, uv_buf_t* buffer) {
  static char bytes[64 * 1024];
  *buffer = uv_buf_init(bytes, sizeof(bytes));
}

void Socket::read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
  loop::guard([=] {
    auto* socket = static_cast<Socket*>(stream->data);
    if (size > 0) return socket->take_in({buffer->base, static_cast<std::size_t>(size)});
    if (size == UV_EOF) return socket->end_input();
    if (size < 0) socket->close();  // a reset, most likely
  });
}

void Socket::take_in(std::string_view bytes) {
  if (state_ == State::kLingering) quiet_since_ = now();
  if (state_ == State::kOpen) owner_.received(bytes);
}

void Socket::end_input() {
  has_input_ended_ = true;  // libuv has stopped reading
  if (state_ == State::kLingering) return close();
  owner_.input_ended();
}

bool Socket::has_unread_bytes() const {
  int size = 0;
  ioctl(fd(), FIONREAD, &size);
  return size > 0;
}

void Socket::close() {
  if (state_ != State::kClosing) uv_close(handle(), closed);
  state_ = State::kClosing;
}

void Socket::reset() {
  if (state_ == State::kClosing) return;
  state_ = State::kClosing;
  if (uv_tcp_close_reset(&tcp_, closed) < 0) uv_close(handle(), closed);
}

void Socket::closed(uv_handle_t* handle) {
  loop::guard([=] { static_cast<Socket*>(handle->data)->owner_.closed(); });
}

void Socket::linger() {
  if (has_input_ended_) return close();
  set_reading(true);
  state_ = State::kLingering;
  quiet_since_ = lingers_since_ = now();
  shutdown(fd(), SHUT_WR);
}

void Socket::check_time(std::uint64_t now) {
  if (state_ != State::kLingering) return;
  const std::uint64_t longest = lingers_briefly_ ? kLingerBriefly : kLinger;
  if (now - quiet_since_ >= kQuiet || now - lingers_since_ >= longest) close();
}

int Socket::fd() const {
  uv_os_fd_t fd = -1;
  uv_fileno(reinterpret_cast<const uv_handle_t*>(&tcp_), &fd);
  return fd;
}

}  // namespace http
