#include "cluster/dealer.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include "ipc/newconn.h"
#include "ipc/json_text.h"
#include "cluster/utils.h"

namespace cluster {

constexpr std::size_t kMaxWaiting = 128;  // more wait in the kernel's queue, where they cost less
constexpr std::chrono::milliseconds kRest(20);

Dealer::Dealer(const std::string& key, std::function<void(bool)> want, Choice choose)
    : quoted_key_(ipc::quoted(key)),
      want_(std::move(want)),
      choose_(std::move(choose)),
      rest_timer_([this] {
        for (Worker* worker : std::exchange(resting_, {})) become_free(*worker);
      }) {}

void Dealer::add(Worker& worker) {
  workers_.insert(&worker);
  become_free(worker);
}

// If the last one died, connections wait in the kernel's queue for its replacement.
bool Dealer::remove(Worker& worker) {
  const bool was_here = workers_.erase(&worker) != 0;
  std::erase(free_, &worker);
  std::erase(resting_, &worker);
  if (workers_.empty()) want_(false);
  return was_here;
}

void Dealer::deal(UniqueFd connection) {
  waiting_.push_back({std::move(connection)});
  hand_off();
  if (waiting_.size() >= kMaxWaiting) want_(false);
}

void Dealer::adopt(net::SharedFd connection, int from) {
  const net::Traffic before = net::traffic_of(connection.get()).value_or(net::Traffic{});
  waiting_.push_front({std::move(connection), from, before});
  hand_off();
}

std::size_t Dealer::waiting_from(int worker) const {
  return std::ranges::count(waiting_, worker, &Connection::from);
}

void Dealer::hand_off() {
  while (!waiting_.empty() && !free_.empty()) {
    Worker& worker = take_free_worker();
    try {
      offer(worker, waiting_.front());
      waiting_.pop_front();
    } catch (const std::system_error&) {
      rest(worker);  // no descriptor is left: later
    }
  }
}

Worker& Dealer::take_free_worker() {
  const auto chosen = free_.begin() + static_cast<std::ptrdiff_t>(choose_(free_));
  Worker& worker = **chosen;
  free_.erase(chosen);
  return worker;
}

void Dealer::offer(Worker& worker, Connection& connection) {
  const std::int64_t seq = next_seq();
  const bool marked = connection.from != 0 && worker.can_hand_back();
  const std::string text = ipc::line::newconn(quoted_key_, seq, marked);
  worker.channel().send(text, connection.fd.get(), seq);
  offers_[&worker] = {seq, std::move(connection)};
}

// Whatever the answer is, the worker has read what we sent before, and can have the next one.
bool Dealer::answer(Worker& worker, std::int64_t offer, bool accepted) {
  const auto found = offers_.find(&worker);
  if (found == offers_.end() || found->second.seq != offer) return false;
  Connection connection = std::move(found->second.connection);
  offers_.erase(found);

  if (accepted) {
    connection.fd = net::SharedFd();  // the worker has its own descriptor of it
    become_free(worker);
  } else {
    waiting_.push_front(std::move(connection));
    rest(worker);
    hand_off();
  }
  return true;
}

void Dealer::become_free(Worker& worker) {
  if (!workers_.contains(&worker)) return;  // it was leaving, or dying, when it answered
  if (offers_.contains(&worker)) return;    // it listens again, and has still to answer
  free_.push_back(&worker);
  hand_off();
  if (waiting_.size() < kMaxWaiting) want_(true);
}

// A worker that refuses has its reasons, and would refuse the same connection at once, again and
// again, if it were the only one.
void Dealer::rest(Worker& worker) {
  if (!workers_.contains(&worker)) return;
  resting_.push_back(&worker);
  rest_timer_.start(kRest);
}

// A dead worker leaves a connection that was offered to it and not taken.
void Dealer::bury(Worker& worker) {
  const auto found = offers_.find(&worker);
  if (found == offers_.end()) return;
  Connection connection = std::move(found->second.connection);
  offers_.erase(found);

  ++connection.deaths;
  if (!may_be_dealt_again(connection, worker)) return;  // the client sees the end of the connection
  waiting_.push_front(std::move(connection));
  hand_off();
}

// Not if the worker has read from it, or answered: the request might be carried out twice. Of TCP
// the kernel knows; otherwise we rely on a worker of ours, which answers first. And not for ever:
// it might be this connection that kills workers. (workers_ is without the dead one.)
bool Dealer::may_be_dealt_again(const Connection& connection, const Worker& dead) const {
  const std::size_t most = std::max<std::size_t>(2, workers_.size() + 1);
  if (connection.deaths >= most) return false;
  const auto now = net::traffic_of(connection.fd.get());
  return now ? now == connection.before : dead.can_hand_back();
}

}  // namespace cluster
