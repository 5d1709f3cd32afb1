#include "loop/loop.h"

#include <utility>
#include <vector>

#include "sys_error.h"

namespace loop {

namespace {

std::exception_ptr failure;
std::vector<std::function<void()>> posted;

// Only those that were posted before: one that posts again must not keep the loop from its events.
void call_posted(uv_idle_t* idle) {
  for (auto& callback : std::exchange(posted, {})) guard(callback);
  if (posted.empty()) uv_idle_stop(idle);
}

// An idle handle is one that libuv calls whenever it comes round, instead of falling asleep.
uv_idle_t* idle_handle() {
  static uv_idle_t idle;
  [[maybe_unused]] static const int once = uv_idle_init(uv(), &idle);
  return &idle;
}

}  // namespace

uv_loop_t* uv() {
  static uv_loop_t* const loop = uv_default_loop();
  if (loop == nullptr) throw_errno("the event loop");
  return loop;
}

void run() {
  uv_run(uv(), UV_RUN_DEFAULT);
  uv_run(uv(), UV_RUN_NOWAIT);  // lets go of the handles that were closed last
  if (failure) std::rethrow_exception(std::exchange(failure, nullptr));
}

void stop() {
  uv_stop(uv());
}

void post(std::function<void()> callback) {
  posted.push_back(std::move(callback));
  uv_idle_start(idle_handle(), call_posted);
}

// libuv tells what has happened after the idle handles were called. What they post, they call in
// the next turn.
void post_after_events(std::function<void()> callback) {
  post([callback = std::move(callback)] { post(callback); });
}

void fail(std::exception_ptr error) noexcept {
  if (!failure) failure = std::move(error);
  stop();
}

}  // namespace loop
