// The sockets that the primary has bound for its workers.
#pragma once

#include <map>
#include <string>

#include "unique_fd.h"

class Servers {
 public:
  // Returns the socket that is bound to `address`, `port` and `address_type`, which is 4 or 6 for
  // IPv4 or IPv6. Binds it when it is asked for the first time, and keeps it from then on: a worker
  // that asks for port 0 again gets the port that the kernel chose the first time.
  // The socket does not listen yet, and stays ours.
  // Throws std::system_error if it cannot be bound, and then keeps nothing: ask again later. There
  // are at most 64 sockets; for another one it throws with EMFILE.
  int get(const std::string& address, int port, int address_type);

 private:
  std::map<std::string, UniqueFd> bound_;  // by "address:port:addressType", as in Node
};
