#include "ipc/user_sockets.h"

#include <utility>

namespace ipc {

namespace {

std::string line_begin(const std::string& cmd, const std::string& key) {
  return R"({"cmd":")" + cmd + R"(","key":)" + (key.empty() ? "null" : key);
}

}  // namespace

// A socket without a key did not come from a server: nobody will ask for it. And a socket may be
// closed later than the channel.
UserSocket UserSockets::add(const User& message, UniqueFd fd) {
  if (message.key.empty() || message.key == "null") return {std::move(fd), nullptr};
  ++lists_[message.key].open;
  const auto close = [self = std::weak_ptr(self_), key = message.key](void*) {
    if (const auto list = self.lock()) (*list)->closed(key);
  };
  return {std::move(fd), std::shared_ptr<void>(this, close)};
}

void UserSockets::answer(const SocketGetCount& question) {
  const auto list = lists_.find(question.key);
  const std::size_t count = list == lists_.end() ? 0 : list->second.open;
  channel_.send(line_begin("NODE_SOCKET_COUNT", question.key) +
                ",\"count\":" + std::to_string(count) + "}");
}

void UserSockets::answer(const SocketNotifyClose& question) {
  const auto list = lists_.find(question.key);
  if (list == lists_.end()) return send_closed(question.key);
  list->second.is_awaited = true;
}

void UserSockets::send_closed(const std::string& key) {
  channel_.send(line_begin("NODE_SOCKET_ALL_CLOSED", key) + "}");
}

void UserSockets::closed(const std::string& key) {
  const auto list = lists_.find(key);
  if (--list->second.open != 0) return;
  if (list->second.is_awaited) send_closed(key);
  lists_.erase(list);
}

}  // namespace ipc
