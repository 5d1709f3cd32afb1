// One end of the channel between the primary and a worker, as Node speaks it today: lines of JSON,
// and descriptors, over a Unix-domain socket. Never blocks: all of it happens in the event loop.
//
// Its twin is the function setupChannel() in Node's lib/internal/child_process.js.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <system_error>

#include "ipc/line_reader.h"
#include "ipc/messages.h"
#include "ipc/send_queue.h"
#include "loop/timer.h"
#include "loop/watcher.h"
#include "net/shared_fd.h"
#include "unique_fd.h"

namespace ipc {

class Channel {
 public:
  struct Events {
    // A message has arrived. `fd` is the descriptor that came with it; if `has_handle` says that
    // there should be one, and there is not, this process had no room for it. (A user's message
    // does not arrive then: Node sends it again.) A message that may not carry one may come with
    // one all the same: let go of it.
    std::function<void(Message message, net::SharedFd fd)> message;
    // Is there room for the descriptor that comes with this message? If not, it is closed, and the
    // other end is told that it has not arrived.
    std::function<bool(const Message& message)> has_room = [](const Message&) { return true; };
    // The other end has a message with a descriptor, or has had no room for the descriptor; `seq`
    // is what was given to send().
    std::function<void(std::int64_t seq, bool arrived)> acknowledged = [](std::int64_t, bool) {};
    // Everything that was sent is in the kernel, where the other end will find it. Comes at the end
    // of a turn in which something has arrived, or could not be sent before; never from inside
    // send().
    std::function<void()> flushed = [] {};
    // The other end is closed, and everything that it had sent has been handed over. Or it broke
    // the protocol: then `error` says how. Comes once; the channel is closed then.
    std::function<void(const std::string& error)> end;
  };

  // Takes ownership of `socket`, and keeps the event loop running until the channel is closed. A
  // line of more than `max_line` bytes breaks the protocol. Throws std::system_error.
  Channel(UniqueFd socket, Events events, std::size_t max_line = kMaxLine);

  // Sends a line, given without its newline. With `fd`, unless that is -1, a duplicate of that
  // descriptor goes along: the line must say so, see line::with_handle(). The caller keeps its own.
  // `seq` is the number of such a message.
  //
  // What does not fit into the kernel now waits here. What is sent after a descriptor waits, too,
  // until the other end has acknowledged it: Node does the same. Does nothing if the channel is
  // closed. A peer that leaves 64 MiB unread has broken the protocol. Throws std::system_error, and
  // has not sent anything, if there is no descriptor left for the duplicate, or the kernel takes no
  // more of them just now.
  void send(std::string line, int fd = -1, std::int64_t seq = -1);

  // Is everything that was sent in the kernel, where the other end will find it?
  bool is_flushed() const { return outgoing_.is_empty(); }

  // Reads what is there: the last words of a peer that has died. Somebody whom it has started may
  // go on writing; that is not waited for. May end the channel.
  void read_last_words();

  // Closes this end after everything has been sent; or at once, whatever is left.
  void close_when_sent();
  void close();
  bool is_open() const { return static_cast<bool>(socket_); }

 private:
  void ready();
  std::size_t read_once();
  std::optional<std::size_t> receive();
  void handle_lines();
  void handle(Message message);
  net::SharedFd take_handle(bool has_room);
  void write();
  bool flush();
  void all_is_sent();
  void failed(const std::system_error& error);
  bool may_still_write() const;
  void drop_unread();
  void give_up(const std::string& reason);
  void end(const std::string& error);

  UniqueFd socket_;
  std::optional<loop::Watcher> watcher_;  // of socket_, and destroyed before it
  Events events_;
  LineReader incoming_;
  SendQueue outgoing_;
  loop::Timer retry_;
  bool closing_ = false;
  std::string reason_;  // why we gave up
};

// Two connected ends, both blocking and close-on-exec. Throws std::system_error. See socketpair(2).
struct Ends {
  UniqueFd primary;
  UniqueFd worker;
};
Ends socket_pair();

}  // namespace ipc
