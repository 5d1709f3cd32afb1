// What a socket is, and where. For descriptors that came from another process, too.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

namespace net {

// Where `socket` is bound: the address alone, "127.0.0.1" or "::1"; "" for a Unix-domain socket.
// Throws std::system_error.
std::string local_address(int socket);

// Is `fd` a stream socket that may listen: one with a name, TCP or Unix-domain, that is not
// connected?
bool could_listen(int fd);

// Does this socket listen, and still accept connections? Any process that shares it can end that,
// for all of them. See shutdown(2).
bool can_accept(int listener);

// Who is at the other end of a Unix-domain connection: a user's number, as it was when they
// connected. Throws std::system_error. See SO_PEERCRED in unix(7).
uid_t peer_of(int connection);

// How many connections wait to be accepted from a TCP socket that listens; 0 for others.
std::size_t queue_of(int listener);

// Is it a stream socket that does not listen? A client may have gone in the meantime, so whether it
// is connected now is not asked.
bool is_connection(int fd);

// Does this errno say that there is no room just now: for a descriptor of this process, or of this
// user on its way to somebody, see unix(7), or in the kernel's memory? That passes, but nobody
// tells us when.
bool is_shortage(int error);

}  // namespace net
