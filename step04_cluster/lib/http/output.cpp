#include "http/output.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <memory>
#include <utility>

#include "loop/loop.h"

namespace http {

namespace {

uv_buf_t from(std::string& text, std::size_t begin) {
  return uv_buf_init(text.data() + begin, static_cast<unsigned>(text.size() - begin));
}

// What the kernel has taken, and the client has not acknowledged: SIOCOUTQ in tcp(7). The kernel
// takes no more before a good part of it is gone, which with a slow client may take minutes.
int in_kernel(uv_stream_t* stream) {
  int size = 0;
  uv_os_fd_t fd = -1;
  uv_fileno(reinterpret_cast<uv_handle_t*>(stream), &fd);
  ioctl(fd, SIOCOUTQ, &size);
  return size;
}

}  // namespace

// A write under way: libuv wants request and text to stay where they are until it ends.
struct Output::Write {
  uv_write_t request = {};
  Pooled<Text> text;
  Output* output;
  std::size_t unread = 0;                       // what the client had not read, when last asked
  std::uint64_t progress = uv_now(loop::uv());  // when that was seen to have changed
};

void Output::Text::clear() {
  bytes.clear();
  if (bytes.capacity() > 2 * kHighWater) bytes.shrink_to_fit();
}

std::string& Output::text() {
  if (!text_) text_ = take_pooled<Text>();
  return text_->bytes;
}

std::size_t Output::waiting() const {
  return (text_ ? text_->bytes.size() : 0) + uv_stream_get_write_queue_size(stream_);
}

bool Output::flush(bool reports) {
  if (is_empty() || write_ != nullptr) return true;
  int written = 0;
  if (!reports) {
    const uv_buf_t buffer = from(text_->bytes, 0);
    written = uv_try_write(stream_, &buffer, 1);
    if (written == UV_EAGAIN) written = 0;
    if (written < 0) return false;
  }
  if (static_cast<std::size_t>(written) < text_->bytes.size()) return write_later(written);
  text_.reset();
  return true;
}

bool Output::write_later(std::size_t begin) {
  auto write = std::make_unique<Write>();
  write->text = std::move(text_);
  write->output = this;
  write->request.data = write.get();
  const uv_buf_t buffer = from(write->text->bytes, begin);
  if (uv_write(&write->request, stream_, &buffer, 1, end_write) < 0) return false;
  write_ = write.release();  // to end_write()
  return true;
}

void Output::end_write(uv_write_t* request, int status) {
  const std::unique_ptr<Write> write(static_cast<Write*>(request->data));
  write->output->write_ = nullptr;
  if (status != UV_ECANCELED) loop::guard([&] { write->output->owner_.written(status == 0); });
}

bool Output::is_stuck(std::uint64_t now, std::chrono::milliseconds patience) {
  if (write_ == nullptr) return false;
  const std::size_t unread = uv_stream_get_write_queue_size(stream_) + in_kernel(stream_);
  if (unread != write_->unread) write_->progress = now;
  write_->unread = unread;
  return now - write_->progress >= static_cast<std::uint64_t>(patience.count());
}

}  // namespace http
