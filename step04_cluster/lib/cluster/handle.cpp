#include "cluster/handle.h"

#include <cerrno>
#include <system_error>

#include "console.h"
#include "listener.h"
#include "net/socket.h"

namespace cluster {

// Not twice: it would be in the queue of free workers twice, too, and be offered a second
// connection before it has answered the first.
void Handle::add(Worker& worker, std::int64_t question) {
  if (has(worker)) throw ListenError(EADDRINUSE, key_);
  admit(worker, question);
  static std::int64_t count = 0;
  last_added_ = ++count;
}

// If others listen, but none of them knows of handing back, it is closed, as a worker of that kind
// would have done. If nobody listens just now, it waits for a replacement.
void Handle::adopt(net::SharedFd connection, const Worker& from) {
  if (dealer_.has_workers() || is_empty()) dealer_.adopt(std::move(connection), from.id());
}

void Handle::socket_broke(int error) {
  complain("cluster: accept " + place + ": " + std::generic_category().message(error) +
           " (somebody has shut it down; it is closed until a worker listens there again)");
  const std::function<void()> tell = on_broken;  // a copy: this handle may be destroyed
  if (is_broken()) tell();
}

Listening Handle::status() const {
  Listening status = {.key = key_};
  for (const int socket : sockets()) status.in_kernel += net::queue_of(socket);
  status.waiting = dealer_.waiting();
  status.unanswered = dealer_.unanswered();
  return status;
}

}  // namespace cluster
