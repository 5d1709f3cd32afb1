// How a server gets its connections, wherever it runs.
//
// Its twin is the function listenInCluster() in Node's lib/net.js.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "listener.h"
#include "net/connections.h"

namespace net {

// Where to listen.
struct Where {
  int port = 0;  // 0: any free one
  // A numeric address, IPv4 or IPv6; "any": all of them; or "unix:/run/app.sock", a name in the
  // file system, which has no port.
  std::string host = "127.0.0.1";
};

// The path in "unix:/run/app.sock"; nothing for any other host.
std::optional<std::string> path_of(const std::string& host);

// What becomes of it; called from the loop, one of the two, once. Neither, if close() comes first,
// or this worker is leaving.
struct Outcome {
  // `address`: "127.0.0.1:8000", "unix:/run/app.sock".
  std::function<void(const std::string& address)> listening = {};
  // Without this function an error ends the process: cluster::run() prints it and returns 1. See
  // fail().
  std::function<void(const ListenError& error)> failed = {};
};

// Listens at `where`, and gives each connection to `connections`: keeps it alive for that. This
// process opens a socket of its own, unless there is a ListenHook. Returns at once.
void listen(std::shared_ptr<Connections> connections, const Where& where, Outcome outcome = {});

// Ends the process, with this error. What is printed names no option, as error.what() does: only
// the program knows which options it has.
void fail(const ListenError& error);

// Listens no longer for `connections`; then it finishes, see Connections::stop().
void close(const std::shared_ptr<Connections>& connections);

// What listen() and close() do in a process that asks another one to listen for it: a worker asks
// its primary. In Node, net.js itself looks whether it runs in a worker, and then calls the
// cluster. Here the cluster calls us and says so (see child.cpp): a program without a cluster needs
// none.
struct ListenHook {
  std::function<void(std::shared_ptr<Connections>, const Where&, Outcome)> listen;
  std::function<void(const std::shared_ptr<Connections>&)> close;
};
void set_listen_hook(ListenHook hook);

}  // namespace net
