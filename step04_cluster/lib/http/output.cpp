#include "http/output.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <memory>
#include <utility>

#include "loop/loop.h"

namespace http {

namespace {

// Memory for the next answer, of whichever connection: an idle connection holds none, and a short
// answer allocates none.
std::string& spare() {
  static std::string text;
  return text;
}

// What was in it is written. Allocating for every large answer anew costs more than writing it.
void release(std::string& text) {
  text.clear();
  if (text.capacity() > spare().capacity() && text.capacity() <= 2 * Output::kHighWater) {
    text.swap(spare());
  }
  if (text.capacity() > std::string().capacity()) std::string().swap(text);
}

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
  std::string text;
  Output* output;
};

Output::Output(uv_stream_t* stream, std::function<void(bool)> written)
    : stream_(stream), written_(std::move(written)) {}

std::string& Output::text() {
  if (text_.empty() && text_.capacity() < spare().capacity()) text_.swap(spare());
  return text_;
}

bool Output::flush(bool reports) {
  if (text_.empty() || is_writing_) return true;
  int written = 0;
  if (!reports) {
    const uv_buf_t buffer = from(text_, 0);
    written = uv_try_write(stream_, &buffer, 1);
    if (written == UV_EAGAIN) written = 0;
    if (written < 0) return false;
  }
  if (static_cast<std::size_t>(written) < text_.size()) return write_later(written);
  release(text_);
  return true;
}

bool Output::write_later(std::size_t begin) {
  auto write = std::make_unique<Write>();
  write->text = std::exchange(text_, {});
  write->output = this;
  write->request.data = write.get();
  const uv_buf_t buffer = from(write->text, begin);
  if (uv_write(&write->request, stream_, &buffer, 1, end_write) < 0) return false;
  is_writing_ = true;
  static_cast<void>(write.release());  // to end_write()
  return true;
}

void Output::end_write(uv_write_t* request, int status) {
  const std::unique_ptr<Write> write(static_cast<Write*>(request->data));
  release(write->text);
  write->output->is_writing_ = false;
  if (status != UV_ECANCELED) loop::guard([&] { write->output->written_(status == 0); });
}

bool Output::is_stuck(std::uint64_t now, std::chrono::milliseconds patience) {
  std::size_t unread = uv_stream_get_write_queue_size(stream_);
  if (unread > 0) unread += in_kernel(stream_);
  if (unread == 0 || unread != last_unread_) progress_ = now;
  last_unread_ = unread;
  return now - progress_ >= static_cast<std::uint64_t>(patience.count());
}

}  // namespace http
