#include "loop/loop.h"

#include <utility>
#include <vector>

#include "sys_error.h"

namespace loop {

namespace {

std::exception_ptr failure;
std::vector<std::function<void()>> posted;

// What was posted is called by a check handle: libuv calls it after it has told what had happened.
// It does not fall asleep before that, because there is an idle handle, too.
struct Turn {
  uv_idle_t awake = {};
  uv_check_t after_events = {};
  Turn() {
    uv_idle_init(uv(), &awake);
    uv_check_init(uv(), &after_events);
  }
};

Turn& turn() {
  static Turn turn;
  return turn;
}

// Only those that were posted before: one that posts again must not keep the loop from its events.
void call_posted(uv_check_t*) {
  for (auto& callback : std::exchange(posted, {})) guard(callback);
  if (!posted.empty()) return;
  uv_idle_stop(&turn().awake);
  uv_check_stop(&turn().after_events);
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
  uv_idle_start(&turn().awake, [](uv_idle_t*) {});
  uv_check_start(&turn().after_events, call_posted);
}

void fail(std::exception_ptr error) noexcept {
  if (!failure) failure = std::move(error);
  stop();
}

}  // namespace loop
