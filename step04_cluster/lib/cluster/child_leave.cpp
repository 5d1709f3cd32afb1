// How a worker leaves: it listens no longer, answers what it is being asked, and hands back to the
// primary whom it serves no more. Then it closes the channel.
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cluster/child.h"
#include "cluster/utils.h"

namespace cluster {

namespace {

constexpr unsigned kAlone = 10;  // seconds

// Without a primary there is nobody who would kill us if we did not come to an end.
void end_soon(int) {
  std::signal(SIGALRM, SIG_DFL);
  alarm(kAlone);
}

}  // namespace

void Child::close(const std::shared_ptr<net::Connections>& connections) {
  for (auto& [seq, server] : asked_) {
    if (server.connections == connections) server.connections = nullptr;  // see query_answered()
  }
  std::vector<std::string> keys;
  std::erase_if(servers_, [&](const auto& entry) {
    const bool is_it = entry.second.connections == connections;
    if (is_it) keys.push_back(entry.first);
    return is_it;
  });
  for (const std::string& key : keys) channel_.send(ipc::line::close(key, next_seq()));
  connections->stop(nullptr, [] {});
}

// Somebody who shares this socket has shut it down. The primary says so; its clients are served on.
void Child::lost(const std::string& key) {
  channel_.send(ipc::line::close(key, next_seq()));
  servers_.erase(key);
}

// The primary shall know that we are not crashing; and it says whether it takes connections back.
void Child::disconnect() {
  if (leaving_ || last_question_ != -1) return;
  last_question_ = next_seq();
  channel_.send(ipc::line::exited_after_disconnect(last_question_, signalled_));
}

// Until now, the kernel would have killed us with our primary. From now on, it only winds the
// clock.
void Child::terminate() {
  if (std::exchange(signalled_, true)) return;
  std::signal(SIGALRM, end_soon);
  prctl(PR_SET_PDEATHSIG, SIGALRM);
  disconnect();
}

void Child::leave(bool gives_back) {
  if (std::exchange(leaving_, true)) return;
  std::map<std::shared_ptr<net::Connections>, std::string> finishing;
  for (const auto& [key, server] : std::exchange(servers_, {})) {
    channel_.send(ipc::line::close(key, next_seq()));
    finishing.emplace(server.connections, key);  // of several keys, any will do
  }
  stopping_ = finishing.size() + 1;
  for (const auto& [connections, key] : finishing) {
    connections->stop(gives_back ? hand_back_.to(key) : nullptr, [this] { stopped(); });
  }
  stopped();
}

// One more of those that leave() has told to finish has finished; it counts itself as one.
void Child::stopped() {
  if (--stopping_ == 0) channel_.close_when_sent();
}

// Without its primary a worker has nothing to live for, unless both were told to end: our signal
// may have come at the same time, and then the loop has still to report it.
void Child::channel_ended(const std::string& error) {
  if (!error.empty()) loop::fail(std::make_exception_ptr(std::runtime_error("channel: " + error)));
  loop::post_after_events([this] { signalled_ ? finish_alone() : loop::stop(); });
}

void Child::finish_alone() {
  prctl(PR_SET_PDEATHSIG, 0);  // it would come late
  end_soon(SIGALRM);
  hand_back_.close();
  leave(false);
}

}  // namespace cluster
