#include "loop/signal_watcher.h"

#include <cerrno>
#include <utility>

#include "sys_error.h"

namespace loop {

namespace {

void arrived(uv_signal_t* signal, int) {
  guard([=] { static_cast<Handle<uv_signal_t>*>(signal->data)->callback(); });
}

}  // namespace

SignalWatcher::SignalWatcher(int signal, std::function<void()> callback) {
  uv_loop_t* const loop = uv();
  handle_.reset(new Handle<uv_signal_t>);
  handle_->callback = std::move(callback);
  uv_signal_init(loop, &handle_->uv);
  handle_->uv.data = handle_.get();
  if (const int error = uv_signal_start(&handle_->uv, arrived, signal); error < 0) {
    errno = -error;
    throw_errno("sigaction");
  }
  keep_loop_running(false);
}

void SignalWatcher::keep_loop_running(bool keep) {
  auto* handle = reinterpret_cast<uv_handle_t*>(&handle_->uv);
  if (keep)
    uv_ref(handle);
  else
    uv_unref(handle);
}

}  // namespace loop
