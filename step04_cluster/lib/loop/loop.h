// The event loop: everything that happens in this step happens in a callback of it, one after the
// other, in one thread. It is libuv's default loop, the one that Node runs on, too.
#pragma once

#include <uv.h>

#include <exception>
#include <functional>
#include <memory>

namespace loop {

// libuv's loop, for its functions. Throws std::system_error if there can be none: it needs a few
// descriptors.
uv_loop_t* uv();

// Waits for events and makes the callbacks, until there is nothing left to wait for, or stop().
// Throws what a callback has thrown: that ends the loop, too.
void run();
void stop();

// Makes this callback from the loop, soon, after the callback that runs now has returned. Callbacks
// are made in the order in which they were posted.
void post(std::function<void()> callback);

// The same, but after the callbacks for everything that has happened until now.
void post_after_events(std::function<void()> callback);

// Ends the loop; run() throws `error`.
void fail(std::exception_ptr error) noexcept;

// Makes a callback for libuv, which is C: an exception must not pass through its functions.
template <typename Callback>
void guard(Callback&& callback) noexcept {
  try {
    callback();
  } catch (...) {
    fail(std::current_exception());
  }
}

// A handle of libuv together with the function that it calls. libuv lets go of a handle only later,
// after uv_close(): so it lives on the heap, and a function may destroy the very handle that calls.
template <typename Uv>
struct Handle {
  Uv uv = {};
  std::function<void()> callback;
};

struct CloseHandle {
  template <typename Uv>
  void operator()(Handle<Uv>* handle) const {
    uv_close(reinterpret_cast<uv_handle_t*>(&handle->uv),
             [](uv_handle_t* closed) { delete static_cast<Handle<Uv>*>(closed->data); });
  }
};

template <typename Uv>
using HandlePtr = std::unique_ptr<Handle<Uv>, CloseHandle>;

}  // namespace loop
