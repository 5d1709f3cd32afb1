// What the cluster and a server have in common, and all that they know of each other.
#pragma once

#include <functional>

#include "unique_fd.h"

namespace net {

// Somebody who serves connections: the HTTP server here, but it could be any protocol.
class Connections {
 public:
  virtual ~Connections() = default;

  // Takes an accepted connection, which is non-blocking and close-on-exec, and serves it. Nobody
  // has read from it yet.
  virtual void take(UniqueFd connection) = 0;

  // No connection will come any more. Finishes those that are there: whoever is served gets the
  // whole answer, whoever is idle is let go. Calls `done` after the last one has ended; at once, if
  // there is none.
  virtual void stop(std::function<void()> done) = 0;
};

}  // namespace net
