// The primary: starts the workers, answers what they ask, and notices their end.
//
// Its twin is the master's half of lib/cluster.js in Node 0.6.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "channel.h"
#include "servers.h"
#include "unique_fd.h"

class Primary {
 public:
  // Holds back the signals that run() waits for. Throws std::system_error.
  Primary();

  // Starts `program` as a worker: with the next number in NODE_WORKER_ID, beginning at 1, and its
  // end of a new channel in NODE_CHANNEL_FD. Throws std::system_error.
  void fork(const std::string& program, const std::vector<std::string>& argv);

  // Answers the workers until a SIGTERM or SIGINT, upon which it ends them and returns 0, or until
  // all of them have died, and then returns 1. Prints a line once all workers listen, and one for
  // each that dies.
  // A worker that breaks the protocol of the channel is reported and killed; the others serve on.
  // Throws std::system_error.
  int run();

 private:
  struct Worker {
    int id;
    pid_t pid;
    Channel channel;
    std::string address = {};  // where it listens, once it has said so
  };

  std::vector<pollfd> wait_for_events() const;
  int take_signal() const;
  void receive_from(Worker& worker);
  void handle(Worker& worker, const Message& message);
  void answer_query(Worker& worker, const Json& query);
  int server_for(const Json& message);
  void announce();
  void bury_the_dead();
  void stop_all();

  UniqueFd signals_;
  std::vector<Worker> workers_;
  Servers servers_;
  int last_id_ = 0;
  bool announced_ = false;
};
