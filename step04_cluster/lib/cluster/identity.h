// Which process this is: decided before main(), by the environment that it was started with.
#pragma once

#include <string>
#include <vector>

#include "unique_fd.h"

namespace cluster {

struct Identity {
  int id = 0;                          // the worker's number; 0: this is the primary
  UniqueFd channel;                    // the worker's end of the channel
  std::string program;                 // the file this process was started from, links resolved
  std::vector<std::string> arguments;  // without argv[0]
  bool deals_connections = true;       // NODE_CLUSTER_SCHED_POLICY is not "none"
};

// The identity of this process. NODE_UNIQUE_ID and the other variables that made it a worker are no
// longer in the environment then, so that programs which this process starts do not find them.
//
// If they contradict each other, the process has ended before main(), with a message and status 1.
// It also has descriptors 0 to 2 open, and does not die of SIGPIPE.
Identity& identity();

}  // namespace cluster
