// What the cluster and a server have in common, and all that they know of each other.
#pragma once

#include <functional>

#include "unique_fd.h"

namespace net {

// Lets somebody else serve an idle connection: everything that was read from it has been answered.
// The caller keeps its descriptor open, and does nothing with it until `done` is called, once:
// either it is `taken`, and only has to be closed, without a word to the client; or it is not.
using HandBack = std::function<void(int connection, std::function<void(bool taken)> done)>;

// Somebody who serves connections: the HTTP server here, but it could be any protocol.
class Connections {
 public:
  virtual ~Connections() = default;

  // Takes an accepted connection, which is non-blocking and close-on-exec, and serves it. Nobody
  // has read from it yet.
  virtual void take(UniqueFd connection) = 0;

  // Takes one that somebody else has served, and handed back while it was idle.
  virtual void adopt(UniqueFd connection) = 0;

  // No connection will come any more. Finishes those that are there: a request under way gets its
  // whole answer, an idle connection is handed back, or closed if `hand_back` is empty. Calls
  // `done` after the last one has ended; at once, if there is none. If stop() is called again, both
  // callers are told.
  virtual void stop(HandBack hand_back, std::function<void()> done) = 0;
};

}  // namespace net
