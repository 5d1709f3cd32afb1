// The socket on which connections arrive.
#pragma once

#include <string>

#include "address.h"
#include "listen_error.h"
#include "unique_fd.h"

// Returns a new TCP socket that is bound to `address`, which is numeric ("127.0.0.1", "::1"), and
// `port`. It does not listen yet. Port 0 lets the kernel choose. The caller owns the socket.
// Throws ListenError. See bind(2), and SO_REUSEADDR in socket(7).
UniqueFd bind_to(const std::string& address, int port);

// Makes the bound `socket` accept connections. Processes that share one socket may all do this.
// Throws ListenError. See listen(2).
void start_listening(int socket);

// Blocks until a client has connected to `listener`, and returns the connection; the caller owns
// it. A client that gave up is no error, nor is a shortage of descriptors: then it waits for a
// tenth of a second and tries again.
// Throws std::system_error if `listener` cannot accept. See accept(2).
UniqueFd accept_from(int listener);
