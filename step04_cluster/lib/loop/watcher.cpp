#include "loop/watcher.h"

#include <cerrno>
#include <utility>

#include "sys_error.h"

namespace loop {

namespace {

void became_ready(uv_poll_t* poll, int, int) {
  guard([=] { static_cast<Handle<uv_poll_t>*>(poll->data)->callback(); });
}

}  // namespace

Watcher::Watcher(int fd, std::function<void()> callback) {
  auto handle = std::make_unique<Handle<uv_poll_t>>();
  handle->callback = std::move(callback);
  if (const int error = uv_poll_init(uv(), &handle->uv, fd); error < 0) {
    errno = -error;
    throw_errno("epoll_ctl");
  }
  handle->uv.data = handle.get();
  handle_.reset(handle.release());
}

void Watcher::start(int events) {
  if (events == events_) return;  // libuv would take the descriptor out of epoll and put it back
  events_ = events;
  uv_poll_start(&handle_->uv, events, became_ready);
  auto* handle = reinterpret_cast<uv_handle_t*>(&handle_->uv);
  if (events == UV_DISCONNECT)
    uv_unref(handle);
  else
    uv_ref(handle);
}

void Watcher::stop() {
  events_ = 0;
  uv_poll_stop(&handle_->uv);
}

}  // namespace loop
