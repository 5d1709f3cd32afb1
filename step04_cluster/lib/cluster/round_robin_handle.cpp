#include "cluster/round_robin_handle.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "cluster/hot_messages.h"
#include "cluster/utils.h"
#include "listener.h"

namespace cluster {

namespace {

constexpr std::size_t kMaxWaiting = 128;  // more wait in the kernel's queue, where they cost less
constexpr std::chrono::milliseconds kRest(20);

}  // namespace

RoundRobinHandle::RoundRobinHandle(const std::string& key, const Query& query)
    : key_(key),
      quoted_key_(quoted(key)),
      data_(query.data),
      acceptor_(listen_for(query), [this](UniqueFd connection) { arrived(std::move(connection)); }),
      rest_timer_([this] {
        for (Worker* worker : std::exchange(resting_, {})) become_free(*worker);
      }) {}

void RoundRobinHandle::add(Worker& worker, std::int64_t question) {
  if (workers_.contains(&worker)) throw ListenError(EADDRINUSE, key_);
  line::Answer answer = {.ack = question, .key = key_, .data = data_};
  answer.name = name_of(acceptor_.listener());
  worker.channel().send(line::answer(answer, next_seq()));
  workers_.insert(&worker);
  acceptor_.resume();
  become_free(worker);
}

bool RoundRobinHandle::remove(Worker& worker) {
  const bool was_here = workers_.erase(&worker) != 0;
  std::erase(free_, &worker);
  std::erase(resting_, &worker);
  // If the last one died, connections wait in the kernel's queue for its replacement.
  if (workers_.empty()) acceptor_.pause();
  return was_here;
}

// A client has connected.
void RoundRobinHandle::arrived(UniqueFd connection) {
  waiting_.push_back({std::move(connection)});
  hand_off();
  if (waiting_.size() >= kMaxWaiting) acceptor_.pause();
}

void RoundRobinHandle::hand_off() {
  while (!waiting_.empty() && !free_.empty()) {
    Worker& worker = *free_.front();
    free_.pop_front();
    try {
      offer(worker, waiting_.front());
      waiting_.pop_front();
    } catch (const std::system_error&) {
      rest(worker);  // no descriptor is left: later
    }
  }
}

void RoundRobinHandle::offer(Worker& worker, Connection& connection) {
  const std::int64_t seq = next_seq();
  worker.channel().send(line::newconn(quoted_key_, seq), connection.fd.get(), seq);
  offers_[&worker] = {seq, std::move(connection)};
}

// Whatever the answer is, the worker has read what we sent before, and can have the next one.
bool RoundRobinHandle::answer(Worker& worker, std::int64_t offer, bool accepted) {
  const auto found = offers_.find(&worker);
  if (found == offers_.end() || found->second.seq != offer) return false;
  Connection connection = std::move(found->second.connection);
  offers_.erase(found);

  if (accepted) {
    connection.fd = UniqueFd();  // the worker has its own descriptor of it
    become_free(worker);
  } else {
    waiting_.push_front(std::move(connection));
    rest(worker);
    hand_off();
  }
  return true;
}

void RoundRobinHandle::become_free(Worker& worker) {
  if (!workers_.contains(&worker)) return;  // it was leaving, or dying, when it answered
  if (offers_.contains(&worker)) return;    // it listens again, and has still to answer
  free_.push_back(&worker);
  hand_off();
  if (waiting_.size() < kMaxWaiting) acceptor_.resume();
}

// A worker that refuses has its reasons, and would refuse the same connection at once, again and
// again, if it were the only one.
void RoundRobinHandle::rest(Worker& worker) {
  if (!workers_.contains(&worker)) return;
  resting_.push_back(&worker);
  rest_timer_.start(kRest);
}

// A dead worker leaves a connection that was offered to it and not taken.
void RoundRobinHandle::bury(Worker& worker) {
  const auto found = offers_.find(&worker);
  if (found == offers_.end()) return;
  Connection connection = std::move(found->second.connection);
  offers_.erase(found);

  ++connection.deaths;
  if (!may_be_dealt_again(connection)) return;  // the client sees the end of the connection
  waiting_.push_front(std::move(connection));
  hand_off();
}

// Not if the worker has read from it, or answered: the request might be carried out twice. And not
// for ever: it might be this connection that kills workers. (workers_ is without the dead one.)
bool RoundRobinHandle::may_be_dealt_again(const Connection& connection) const {
  const std::size_t most = std::max<std::size_t>(2, workers_.size() + 1);
  return connection.deaths < most && net::traffic_of(connection.fd.get()) == connection.before;
}

}  // namespace cluster
