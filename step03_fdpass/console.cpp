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

namespace {

void print(int fd, const std::string& line) {
  // A pipe that poll(2) calls writable has room for PIPE_BUF bytes, so no more are written.
  const std::string text = line.substr(0, PIPE_BUF - 1) + "\n";
  pollfd output = {fd, POLLOUT, 0};
  if (poll(&output, 1, 0) != 1 || (output.revents & POLLOUT) == 0) return;
  if (write(fd, text.data(), text.size()) == -1) return;  // there is nobody left to tell
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
