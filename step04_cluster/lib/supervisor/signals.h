// What the supervisor is told by signals.
#pragma once

#include <vector>

#include "loop/signal_watcher.h"

namespace supervisor {

class Supervisor;

// TERM and INT: stop. HUP: reload; but if the terminal in which this process was started is closed:
// stop. TTIN and TTOU: one worker more, one less. See Supervisor.
//
// For a process that was told to ignore the end of its terminal, by nohup(1), say, there is none.
// See credentials(7), "Sessions", and /dev/tty in tty(4).
class Signals {
 public:
  // Nobody may handle SIGHUP before. `supervisor` must outlive it.
  explicit Signals(Supervisor& supervisor);

  // From now on TERM, INT and HUP wait for ever: the process is ending, and is not to die of them.
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  void hang_up();

  Supervisor& supervisor_;
  const bool had_terminal_;
  std::vector<loop::SignalWatcher> watchers_;
};

}  // namespace supervisor
