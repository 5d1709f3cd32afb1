// One descriptor goes from one running process to another. That is all that this program does.
//
// The child is forked first, and then the parent opens a port: so the child has not inherited it.
// It gets the port all the same, over a pair of connected sockets, attached to a byte.
//
//   make && ./pass_one
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "console.h"
#include "fd_passing.h"
#include "listener.h"
#include "sys_error.h"

void run_parent(UniqueFd channel);
void run_child(UniqueFd channel);
void tell(const std::string& who, int port);

int main() {
  int ends[2];
  check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
  const pid_t child = check(fork(), "fork");
  close(ends[child == 0 ? 0 : 1]);  // each process keeps one end
  if (child == 0) {
    run_child(UniqueFd(ends[1]));
  } else {
    run_parent(UniqueFd(ends[0]));
    waitpid(child, nullptr, 0);
  }
}

void run_parent(UniqueFd channel) {
  const UniqueFd port = bind_to("127.0.0.1", 0);
  start_listening(port.get());
  tell("parent", port.get());
  send_fd(channel.get(), "x", port.get());
}

void run_child(UniqueFd channel) {
  char byte[1];
  const Received received = recv_fd(channel.get(), byte);
  tell("child", received.fd.get());
}

void tell(const std::string& who, int port) {
  say(who + " " + std::to_string(getpid()) + ": descriptor " + std::to_string(port) + " is " +
      address_of(port));
}
