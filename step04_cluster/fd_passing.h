// Passing an open file descriptor to another process over a Unix-domain socket.
// See unix(7), SCM_RIGHTS, and cmsg(3).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "unique_fd.h"

// Sends `data`, which must not be empty, with a duplicate of `fd` attached to its first byte.
// `fd` stays open here and keeps its owner; -1 attaches none.
//
// Returns how many bytes were sent. That may be fewer than asked, as with write(2); the descriptor
// has been sent all the same, so send the rest without it.
// Throws std::system_error, for instance EPIPE if the peer is gone (it raises no SIGPIPE).
std::size_t send_fd(int socket, std::string_view data, int fd);

struct Received {
  std::size_t size = 0;    // bytes put into the buffer; 0 means that the peer has closed its end
  UniqueFd fd;             // the descriptor that came with them, if one did; it is close-on-exec
  bool truncated = false;  // one came that this process had no room for; then `fd` is empty
};

// Receives the bytes that are there, at most buffer.size(), and the descriptor attached to them.
// The kernel ends a read after bytes that carry a descriptor, so one read brings at most one; but
// there may be bytes of earlier messages in front, so the bytes must say to what it belongs.
// Blocks as recvmsg(2) does.
//
// Throws std::system_error: whatever recvmsg(2) reports; or EBADMSG if the peer attached several
// descriptors to a message. All of them are closed then.
Received recv_fd(int socket, std::span<char> buffer);
