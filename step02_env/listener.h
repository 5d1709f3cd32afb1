// The socket on which connections arrive.
#pragma once

#include <string>
#include <system_error>

#include "unique_fd.h"

// bind(2) or listen(2) failed. code() holds the errno; what() also says what to do about it:
// "listen 127.0.0.1:8000: Address already in use (another server? try --port 0)".
class ListenError : public std::system_error {
 public:
  ListenError(int error, const std::string& where);
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

// Returns a new TCP socket that is bound to `address`, which is numeric ("127.0.0.1", "::1"), and
// `port`. It does not listen yet. Port 0 lets the kernel choose. The caller owns the socket.
// Throws ListenError. See bind(2), and SO_REUSEADDR in socket(7).
UniqueFd bind_to(const std::string& address, int port);

// Makes the bound `socket` accept connections. Processes that share one socket may all do this.
// Throws ListenError. See listen(2).
void start_listening(int socket);

// "127.0.0.1:8000", "[::1]:8000".
std::string host_and_port(const std::string& host, int port);

// Where `socket` is bound, "127.0.0.1:8000" or "[::1]:8000", and the port alone; 0 if it is not.
// Throws std::system_error. See getsockname(2).
std::string address_of(int socket);
int port_of(int socket);

// Blocks until a client has connected to `listener`, and returns the connection; the caller owns
// it. A client that gave up is no error, nor is a shortage of descriptors: that one waits for a
// tenth of a second and tries again.
// Throws std::system_error if `listener` cannot accept. See accept(2).
UniqueFd accept_from(int listener);
