// The channel between the primary and one worker, as Node 0.6 spoke it: JSON objects, one on a
// line, each with at most one file descriptor attached.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "json.h"
#include "unique_fd.h"

struct Message {
  Json body;    // an object
  UniqueFd fd;  // set if, and only if, body["fd"] is true; the receiver's to keep
};

class Channel {
 public:
  // Takes ownership of `socket`, one end of a connected Unix-domain stream socket.
  explicit Channel(UniqueFd socket) : socket_(std::move(socket)) {}

  // The socket, for poll(2); the channel keeps it. -1 once it is closed.
  int fd() const { return socket_.get(); }

  // Closes the socket, and the descriptors that were received and not yet taken with a message.
  void close() { *this = Channel(UniqueFd()); }

  // Sends `body`, an object, and a duplicate of `fd` unless that is -1. Blocks until all is sent,
  // unless the socket is non-blocking: then what has no room in the socket is not waited for.
  // Throws std::system_error, for instance EPIPE if the other end is closed; std::runtime_error if
  // the other end has left too much unread. The channel cannot be used after that.
  void send(Json body, int fd = -1);

  // Blocks until a message arrives; returns nothing once the other end is closed.
  // Throws as fill() and next() do.
  std::optional<Message> receive();

  // The two halves of receive(), for a caller that must not block. When poll(2) says that the
  // socket is readable, call fill() once, and then next() until it returns nothing.
  //
  // fill() makes one read. Returns false if the other end is closed.
  // next() takes one complete message out of what was read, if there is one.
  // Both throw a std::exception if the other end breaks the protocol: a line of more than 64 KiB,
  // one that is no JSON object, a descriptor that no message announces, an announced one that does
  // not come. Close the channel then.
  bool fill();
  std::optional<Message> next();

 private:
  UniqueFd socket_;
  std::string text_;  // read, but not yet taken as messages
  // Received, but not yet taken with a message; empty where one was lost on arrival.
  std::deque<UniqueFd> fds_;
};

// Two connected ends, both blocking and close-on-exec. Throws std::system_error. See socketpair(2).
std::pair<UniqueFd, UniqueFd> socket_pair();

// Lets the next program that this process starts inherit `fd`. Throws std::system_error.
void keep_on_exec(int fd);

// Makes sending on `fd` fail where it would have to wait. Throws std::system_error.
void make_non_blocking(int fd);
