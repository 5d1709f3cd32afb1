// The worker's end of the channel.
//
// Its twin is the worker's half of lib/cluster.js in Node 0.6.
#pragma once

#include <string>

#include "channel.h"
#include "unique_fd.h"

class Child {
 public:
  // Takes the channel that the primary has left in NODE_CHANNEL_FD, and the variable out of the
  // environment. `id` is this worker's number.
  // Throws std::runtime_error if there is no channel: then no primary has started this process.
  explicit Child(int id);

  // What server.listen() does in a worker of Node: asks the primary for the socket that is bound to
  // `address` and `port`, makes it listen, and tells the primary. Returns the socket; it is shared
  // with all workers that asked for the same, and the caller owns this descriptor of it.
  // Blocks until the primary answers.
  // Throws ListenError if the socket cannot be had (the primary has sent the errno), or another
  // std::exception if the answer makes no sense.
  UniqueFd listen(const std::string& address, int port);

 private:
  // queryMaster in Node 0.6: sends a question and waits for its answer.
  Message query_primary(Json query);

  int id_;
  Channel channel_;
  int last_query_ = 0;
};
