// What a socket is, and where. For descriptors that came from another process, too.
#pragma once

#include <string>

namespace net {

// Where `socket` is bound: the address alone, "127.0.0.1" or "::1"; "" for a Unix-domain socket.
// Throws std::system_error.
std::string local_address(int socket);

// Is `fd` a stream socket that may listen: one with a name, TCP or Unix-domain, that is not
// connected?
bool could_listen(int fd);

// Is it a stream socket that does not listen? A client may have gone in the meantime, so whether it
// is connected now is not asked.
bool is_connection(int fd);

}  // namespace net
