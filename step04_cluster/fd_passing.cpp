#include "fd_passing.h"

#include <sys/socket.h>

#include <cstring>
#include <vector>

#include "sys_error.h"

namespace {

// Room for the control message that carries one descriptor, aligned as its header needs.
struct ControlBuffer {
  alignas(cmsghdr) char bytes[CMSG_SPACE(sizeof(int))] = {};
};

// Makes `fd` the one descriptor that `message` carries.
void attach(int fd, msghdr& message, ControlBuffer& control) {
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof(control.bytes);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &fd, sizeof(int));
}

// Takes ownership of every descriptor in `message`. One that is missed here would stay open for
// as long as the process lives: nobody would know its number.
std::vector<UniqueFd> take_fds(msghdr& message) {
  std::vector<UniqueFd> fds;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    // What is left of the control message after its header are the descriptors.
    const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
      fds.emplace_back(fd);
    }
  }
  return fds;
}

}  // namespace

std::size_t send_fd(int socket, std::string_view data, int fd) {
  iovec payload = {const_cast<char*>(data.data()), data.size()};
  msghdr message = {};
  message.msg_iov = &payload;
  message.msg_iovlen = 1;
  ControlBuffer control;
  if (fd != -1) attach(fd, message, control);

  ssize_t sent;
  do {
    sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent == -1 && errno == EINTR);
  return check(sent, "sendmsg");
}

Received recv_fd(int socket, std::span<char> buffer) {
  iovec payload = {buffer.data(), buffer.size()};
  // Room for as many as a message can carry: one without room is closed, and that may take long.
  alignas(cmsghdr) char control[CMSG_SPACE(253 * sizeof(int))];
  msghdr message = {};
  message.msg_iov = &payload;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);

  ssize_t size;
  do {
    size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (size == -1 && errno == EINTR);
  if (size == -1 && errno == ECONNRESET) return {};  // closed, with something of ours unread
  check(size, "recvmsg");

  // First own, then judge: several may have come, and nobody else would close them.
  std::vector<UniqueFd> fds = take_fds(message);
  if (fds.size() > 1) {
    const linger none = {};  // with SO_LINGER, which the peer may have set, closing would wait
    for (auto& fd : fds) setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    errno = EBADMSG;
    throw_errno("recvmsg: several descriptors with one message");
  }
  // The kernel drops what it cannot deliver: more descriptors than fit, or than this process may
  // open. The bytes arrive all the same, and only this flag tells.
  const bool truncated = (message.msg_flags & MSG_CTRUNC) != 0;
  UniqueFd fd = fds.empty() || truncated ? UniqueFd() : std::move(fds.front());
  return {static_cast<std::size_t>(size), std::move(fd), truncated};
}
