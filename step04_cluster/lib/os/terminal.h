// The terminal in which a process was started. See credentials(7), "Sessions", and /dev/tty in
// tty(4).
#pragma once

namespace os {

// Make one before anybody handles SIGHUP.
class Terminal {
 public:
  Terminal();

  // Was there one, and is it gone? For a process that was told to ignore that, by nohup(1), say,
  // there was none.
  bool is_closed() const;

 private:
  bool was_there_;
};

}  // namespace os
