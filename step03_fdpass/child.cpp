#include "child.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <stdexcept>

#include "environment.h"
#include "listener.h"
#include "sys_error.h"

namespace {

// The value of an integer option of the socket `fd`; -1 if it is no socket. See socket(7).
int socket_option(int fd, int option) {
  int value = -1;
  socklen_t size = sizeof(value);
  return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

// Is `fd` a TCP socket that is bound to `port`, or to any port if that is 0? What a received
// descriptor is, is the kernel's word, not the sender's.
bool is_bound_to(int fd, int port) {
  if (socket_option(fd, SO_PROTOCOL) != IPPROTO_TCP) return false;
  const int bound = port_of(fd);
  return bound != 0 && (port == 0 || port == bound);
}

UniqueFd take_channel() {
  const int fd = take_number("NODE_CHANNEL_FD");
  if (fd == 0) {
    throw std::runtime_error(
        "NODE_WORKER_ID is set, but NODE_CHANNEL_FD is not: only a primary can start a worker "
        "(to start a primary, unset NODE_WORKER_ID)");
  }
  if (socket_option(fd, SO_DOMAIN) != AF_UNIX) {
    throw std::runtime_error("NODE_CHANNEL_FD is " + std::to_string(fd) + ": that is no channel");
  }
  check(fcntl(fd, F_SETFD, FD_CLOEXEC), "fcntl");
  return UniqueFd(fd);
}

}  // namespace

Child::Child(int id) : id_(id), channel_(take_channel()) {}

UniqueFd Child::listen(const std::string& address, int port) {
  const int address_type = address.find(':') == std::string::npos ? 4 : 6;
  Json message = {
      {"cmd", "queryServer"}, {"address", address}, {"port", port}, {"addressType", address_type}};
  Message answer = query_primary(message);
  if (answer.body.contains("errno")) {
    throw ListenError(integer_in(answer.body, "errno"), address + ":" + std::to_string(port));
  }
  if (!is_bound_to(answer.fd.get(), port)) {
    throw std::runtime_error("queryServer: the primary answered without the socket");
  }
  start_listening(answer.fd.get());

  message["cmd"] = "listening";
  message["_workerId"] = id_;
  channel_.send(message);
  return std::move(answer.fd);
}

Message Child::query_primary(Json query) {
  query["_queryId"] = ++last_query_;
  query["_workerId"] = id_;
  channel_.send(query);
  std::optional<Message> answer = channel_.receive();
  if (!answer) throw std::runtime_error("queryServer: the primary has closed the channel");
  if (integer_in(answer->body, "_queryId") != last_query_) {
    throw std::runtime_error("queryServer: the primary answered something else");
  }
  return std::move(*answer);
}
