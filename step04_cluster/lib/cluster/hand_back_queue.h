// A worker's idle connections, on their way back to the primary.
#pragma once

#include <deque>
#include <functional>
#include <string>

#include "ipc/channel.h"
#include "net/connections.h"

namespace cluster {

// One after the other: what is sent after a descriptor has to wait for its acknowledgement, and the
// channel would duplicate all those that wait.
class HandBackQueue {
 public:
  // `channel` must outlive this, and be used for no other descriptors.
  explicit HandBackQueue(ipc::Channel& channel) : channel_(channel) {}

  // Hands connections of the server `key` back.
  net::HandBack to(const std::string& key);

  // The channel reports: the primary has the last one, or has no room for it.
  void acknowledged(bool arrived);

  // The channel is closed: there is nobody who would take a connection. All are let go.
  void close();

 private:
  struct HandedBack {
    std::string key;
    int connection;  // still its server's
    std::function<void(bool taken)> done;
  };

  void send_next();
  void finish(bool taken);

  ipc::Channel& channel_;
  std::deque<HandedBack> waiting_;  // the first is on its way
  bool is_closed_ = false;
};

}  // namespace cluster
