// How a worker leaves: it listens no longer, answers what it is being asked, and hands back to the
// primary whom it serves no more. Then it closes the channel.
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cluster/child.h"
#include "cluster/utils.h"

namespace cluster {

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
  for (const std::string& key : keys) channel_.send(line::close(key, next_seq()));
  connections->stop(nullptr, [] {});
}

// Somebody who shares this socket has shut it down. The primary says so; its clients are served on.
void Child::lost(const std::string& key) {
  channel_.send(line::close(key, next_seq()));
  servers_.erase(key);
}

void Child::disconnect() {
  if (std::exchange(leaving_, true)) return;
  std::map<std::shared_ptr<net::Connections>, std::string> finishing;
  for (const auto& [key, server] : std::exchange(servers_, {})) {
    channel_.send(line::close(key, next_seq()));
    finishing.emplace(server.connections, key);  // of several keys, any will do
  }
  stopping_ = finishing.size() + 1;
  for (const auto& [connections, key] : finishing) {
    connections->stop(gives_back_ ? hand_back_.to(key) : nullptr, [this] { stopped(); });
  }
  stopped();
}

// One more of those that disconnect() has told to finish has finished; it counts itself as one.
void Child::stopped() {
  if (--stopping_ != 0) return;
  if (asked_to_leave_) return channel_.close_when_sent();
  last_question_ = next_seq();  // the primary shall know that we are not crashing
  channel_.send(line::exited_after_disconnect(last_question_));
}

// Without its primary a worker has nothing to live for.
void Child::channel_ended(const std::string& error) {
  if (!error.empty()) loop::fail(std::make_exception_ptr(std::runtime_error("channel: " + error)));
  loop::stop();
}

}  // namespace cluster
