// Sockets that a program has sent along with a message of its own: not connections that the cluster
// deals, but ones that a program gives away.
//
// Its twin is the class SocketListReceive in Node's lib/internal/socket_list.js.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "ipc/channel.h"
#include "unique_fd.h"

namespace ipc {

// Such a socket, which belongs to its taker. The sender's server.close() waits until all of
// them are closed: keep `open` for as long as `fd`.
struct UserSocket {
  UniqueFd fd;
  std::shared_ptr<void> open;
};

// Answers what Node asks about them: how many are open, and when is the last one closed?
class UserSockets {
 public:
  // `channel`, through which they come, must outlive this.
  explicit UserSockets(Channel& channel) : channel_(channel) {}

  // Counts `fd`, which has come with `message`.
  UserSocket add(const User& message, UniqueFd fd);

  // Answers such a question: how many are open, at once; that none is, when it is so.
  void answer(const SocketGetCount& question);
  void answer(const SocketNotifyClose& question);

 private:
  struct List {
    std::size_t open = 0;
    bool is_awaited = false;  // the sender wants to know when it is empty
  };

  void send_closed(const std::string& key);
  void closed(const std::string& key);

  Channel& channel_;
  std::map<std::string, List> lists_;  // by key: the sender's name for its server; none is empty
  std::shared_ptr<UserSockets*> self_ = std::make_shared<UserSockets*>(this);  // for `open`
};

}  // namespace ipc
