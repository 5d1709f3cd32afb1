#include "console.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <climits>
#include <csignal>
#include <cstdio>

#include "sys_error.h"
#include "unique_fd.h"

namespace {

void write_or_drop(int fd, const std::string& text) {
  if (write(fd, text.data(), text.size()) == -1) return;  // there is nobody left to tell
}

// A terminal that poll(2) calls writable may have room for one byte: write(2) waits until all of a
// line has gone, and if nobody reads, for ever. O_NONBLOCK prevents that, but the shell would have
// it, too, for it shares the open file. So we open the terminal once more; or nothing, if we may
// not.
UniqueFd open_again(int terminal) {
  const std::string path = "/proc/self/fd/" + std::to_string(terminal);
  return UniqueFd(open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

// In the background of a terminal with tostop, SIGTTOU stops a process that writes, until fg(1)
// lets it go on. If we handled it for something else, write(2) would begin again, and be refused
// again.
void write_to_terminal(int terminal, const std::string& text) {
  const UniqueFd own = open_again(terminal);
  struct sigaction before = {};
  sigaction(SIGTTOU, nullptr, &before);
  const bool is_handled = before.sa_handler != SIG_IGN && tcgetpgrp(terminal) != getpgrp();
  if (is_handled) std::signal(SIGTTOU, SIG_DFL);
  write_or_drop(own ? own.get() : terminal, text);
  if (is_handled) sigaction(SIGTTOU, &before, nullptr);
}

void print(int fd, const std::string& line) {
  // A pipe that poll(2) calls writable has room for PIPE_BUF bytes, so no more are written.
  const std::string text = line.substr(0, PIPE_BUF - 1) + "\n";
  pollfd output = {fd, POLLOUT, 0};
  if (poll(&output, 1, 0) != 1 || (output.revents & POLLOUT) == 0) return;
  isatty(fd) ? write_to_terminal(fd, text) : write_or_drop(fd, text);
}

}  // namespace

void prepare_console() {
  // open(2) returns the lowest free number, so this stops at the first one above 2.
  int fd = 0;
  while (fd <= 2) fd = check(open("/dev/null", O_RDWR), "open /dev/null");
  close(fd);
  std::signal(SIGPIPE, SIG_IGN);
}

void say(const std::string& line) {
  print(STDOUT_FILENO, line);
}

void answer(const std::string& text) {
  if (std::puts(text.c_str()) == EOF || std::fclose(stdout) == EOF) {
    throw_errno("write to standard output");
  }
}

void complain(const std::string& line) {
  std::string printable = line;
  std::replace_if(
      printable.begin(), printable.end(), [](unsigned char c) { return std::iscntrl(c); }, '?');
  print(STDERR_FILENO, printable);
}
