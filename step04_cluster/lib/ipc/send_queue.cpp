#include "ipc/send_queue.h"

#include <fcntl.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "fd_passing.h"
#include "ipc/messages.h"
#include "sys_error.h"

namespace ipc {

void SendQueue::add(int socket, std::string line, int fd, std::int64_t seq) {
  const bool is_idle = is_empty() && !awaiting_ack_;
  if (fd != -1 && is_idle && send_at_once(socket, line, fd, seq)) return;

  UniqueFd copy(fd == -1 ? -1 : check(fcntl(fd, F_DUPFD_CLOEXEC, 0), "fcntl"));
  size_ += line.size();
  const bool joins_the_last = !copy && !waiting_.empty() && !waiting_.back().fd;
  if (joins_the_last)
    waiting_.back().text += line;
  else
    waiting_.push_back({std::move(line), std::move(copy), seq});
}

// The usual case, without a duplicate. False if the kernel has no room just now.
bool SendQueue::send_at_once(int socket, std::string& line, int fd, std::int64_t seq) {
  transit_ = std::move(line);
  transit_seq_ = seq;
  try {
    transmit(socket, fd);
    return true;
  } catch (const std::system_error& error) {
    line = std::exchange(transit_, "");
    if (error.code().value() != EAGAIN) throw;
    return false;
  }
}

void SendQueue::flush(int socket) {
  while (fill_transit()) {
    transmit(socket, transit_fd_.get());
    transit_fd_ = UniqueFd();
  }
}

// Takes from what is waiting as much as one system call may send. False if there is nothing, or
// nothing that may be sent now.
bool SendQueue::fill_transit() {
  if (!transit_.empty()) return true;
  transit_.swap(acknowledgements_);
  const bool may_follow = !waiting_.empty() && !awaiting_ack_;
  if (may_follow && (transit_.empty() || !waiting_.front().fd)) {
    Outgoing& next = waiting_.front();
    transit_ += next.text;
    transit_fd_ = std::move(next.fd);
    if (transit_fd_) transit_seq_ = next.seq;
    size_ -= next.text.size();
    waiting_.pop_front();
  }
  return !transit_.empty();
}

void SendQueue::transmit(int socket, int fd) {
  sent_ += send_fd(socket, std::string_view(transit_).substr(sent_), fd);
  if (fd != -1) awaiting_ack_ = true;
  if (sent_ < transit_.size()) return;
  transit_.clear();
  sent_ = 0;
}

// An acknowledgement has no number: it is for the one descriptor that is under way.
std::int64_t SendQueue::acknowledged() {
  if (!awaiting_ack_) throw ProtocolError("an acknowledgement of nothing");
  awaiting_ack_ = false;
  return transit_seq_;
}

bool SendQueue::is_empty() const {
  return transit_.empty() && acknowledgements_.empty() && waiting_.empty();
}

void SendQueue::clear() {
  waiting_.clear();
  size_ = 0;
}

}  // namespace ipc
