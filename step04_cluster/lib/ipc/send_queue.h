// What waits to be sent on a channel: lines in their order, some with a descriptor; and, before
// them, acknowledgements of descriptors that have arrived.
//
// One descriptor is under way at a time. What comes after it waits until the other end has
// acknowledged it, as in Node: setupChannel() in lib/internal/child_process.js.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "unique_fd.h"

namespace ipc {

class SendQueue {
 public:
  // Adds a line, given with its newline. With `fd`, unless that is -1, a duplicate of that
  // descriptor goes along, and `seq` is the number of the message; the caller keeps its own. If
  // nothing else waits, it goes into the kernel at once, for a duplicate costs. Throws
  // std::system_error, and has not added anything, if there is no descriptor left for the
  // duplicate, or if the kernel does not take it, for another reason than EAGAIN.
  void add(int socket, std::string line, int fd, std::int64_t seq);

  // Adds an acknowledgement, given with its newline: it is never held back.
  void acknowledge(std::string_view line) { acknowledgements_ += line; }

  // Sends what may be sent now. Throws std::system_error: EAGAIN if the kernel has no room for
  // more.
  void flush(int socket);

  // The other end has acknowledged a descriptor. Returns the number of its message. Throws
  // ProtocolError if none is under way.
  std::int64_t acknowledged();

  // Is everything in the kernel, where the other end will find it?
  bool is_empty() const;

  // How many bytes of lines wait, and of acknowledgements.
  std::size_t size() const { return size_; }
  std::size_t acknowledgements() const { return acknowledgements_.size(); }

  // Drops the lines that wait. What has begun to be sent, stays.
  void clear();

 private:
  struct Outgoing {
    std::string text;  // one line with its descriptor, or several lines without
    UniqueFd fd;
    std::int64_t seq;
  };

  bool send_at_once(int socket, std::string& line, int fd, std::int64_t seq);
  bool fill_transit();
  void transmit(int socket, int fd);

  std::string acknowledgements_;
  std::deque<Outgoing> waiting_;
  std::size_t size_ = 0;
  std::string transit_;   // what goes into the kernel next
  std::size_t sent_ = 0;  // bytes of it that are there already
  UniqueFd transit_fd_;   // with the first byte of it
  std::int64_t transit_seq_ = -1;
  bool awaiting_ack_ = false;  // a descriptor was sent, and not yet acknowledged: transit_seq_
};

}  // namespace ipc
