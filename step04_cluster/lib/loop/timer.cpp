#include "loop/timer.h"

#include <utility>

namespace loop {

namespace {

void expired(uv_timer_t* timer) {
  guard([=] { static_cast<Handle<uv_timer_t>*>(timer->data)->callback(); });
}

}  // namespace

Timer::Timer(std::function<void()> callback) {
  uv_loop_t* const loop = uv();
  handle_.reset(new Handle<uv_timer_t>);
  handle_->callback = std::move(callback);
  uv_timer_init(loop, &handle_->uv);
  handle_->uv.data = handle_.get();
}

void Timer::start(std::chrono::milliseconds delay) {
  uv_update_time(uv());  // else the delay counts from when the loop last woke up
  uv_timer_start(&handle_->uv, expired, delay.count(), 0);
}

void Timer::repeat(std::chrono::milliseconds delay) {
  uv_update_time(uv());
  uv_timer_start(&handle_->uv, expired, delay.count(), delay.count());
}

void Timer::stop() {
  uv_timer_stop(&handle_->uv);
}

}  // namespace loop
