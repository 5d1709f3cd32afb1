#include "cluster/hand_back_queue.h"

#include <system_error>
#include <utility>

#include "cluster/utils.h"

namespace cluster {

net::HandBack HandBackQueue::to(const std::string& key) {
  return [this, key](int connection, std::function<void(bool)> done) {
    if (is_closed_) return done(true);  // its server closes it, as if somebody had taken it
    waiting_.push_back({key, connection, std::move(done)});
    if (waiting_.size() == 1) send_next();
  };
}

void HandBackQueue::send_next() {
  while (!waiting_.empty()) {
    const std::int64_t seq = next_seq();
    const HandedBack& next = waiting_.front();
    try {
      return channel_.send(ipc::line::with_handle(ipc::line::handback(next.key, seq)),
                           next.connection, seq);
    } catch (const std::system_error&) {
      finish(false);  // the channel is busy, and no descriptor is left for a duplicate
    }
  }
}

void HandBackQueue::acknowledged(bool arrived) {
  finish(arrived);
  send_next();
}

void HandBackQueue::close() {
  is_closed_ = true;
  while (!waiting_.empty()) finish(true);
}

void HandBackQueue::finish(bool taken) {
  const auto done = std::move(waiting_.front().done);
  waiting_.pop_front();
  done(taken);
}

}  // namespace cluster
