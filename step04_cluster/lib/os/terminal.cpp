#include "os/terminal.h"

#include <fcntl.h>

#include <cerrno>
#include <csignal>

#include "unique_fd.h"

namespace os {

namespace {

// Any other error tells nothing: there may be no descriptor free, or no such file.
bool is_there() {
  const UniqueFd terminal(open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  return terminal || errno != ENXIO;
}

bool is_ignored(int signal) {
  struct sigaction action = {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

Terminal::Terminal() : was_there_(!is_ignored(SIGHUP) && is_there()) {}

bool Terminal::is_closed() const {
  return was_there_ && !is_there();
}

}  // namespace os
