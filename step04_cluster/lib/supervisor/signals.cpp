#include "supervisor/signals.h"

#include <fcntl.h>

#include <cerrno>
#include <csignal>

#include "supervisor/supervisor.h"
#include "unique_fd.h"

namespace supervisor {

namespace {

// Any other error tells nothing: there may be no descriptor free, or no such file.
bool has_terminal() {
  const UniqueFd terminal(open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  return terminal || errno != ENXIO;
}

bool is_ignored(int signal) {
  struct sigaction action = {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

Signals::Signals(Supervisor& supervisor)
    : supervisor_(supervisor), had_terminal_(!is_ignored(SIGHUP) && has_terminal()) {
  watchers_.emplace_back(SIGTERM, [this] { supervisor_.stop(); });
  watchers_.emplace_back(SIGINT, [this] { supervisor_.stop(); });
  watchers_.emplace_back(SIGHUP, [this] { hang_up(); });
  watchers_.emplace_back(SIGTTIN, [this] { supervisor_.resize(1); });
  watchers_.emplace_back(SIGTTOU, [this] { supervisor_.resize(-1); });
}

// When a terminal closes, the kernel may say so, and the shell as well: the second time is no order
// to kill.
Signals::~Signals() {
  sigset_t ending;
  sigemptyset(&ending);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&ending, signal);
  sigprocmask(SIG_BLOCK, &ending, nullptr);
}

void Signals::hang_up() {
  const bool is_terminal_closed = had_terminal_ && !has_terminal();
  if (!is_terminal_closed) return supervisor_.reload();
  if (!supervisor_.is_stopping()) supervisor_.stop();
}

}  // namespace supervisor
