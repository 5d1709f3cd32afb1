#include "pid_file.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>

#include "sys_error.h"

namespace {

bool is_digit(char c) {
  return '0' <= c && c <= '9';
}

// If anything else stands there, somebody has written it, and would miss it.
bool holds_a_number(int file) {
  std::array<char, 20> text = {};
  const ssize_t size = pread(file, text.data(), text.size(), 0);
  if (size < 1 || size == std::ssize(text)) return false;
  const auto end = text.begin() + size - (text[size - 1] == '\n' ? 1 : 0);
  return end != text.begin() && std::all_of(text.begin(), end, is_digit);
}

}  // namespace

PidFile::PidFile(const std::string& path) : file_(path, 0644, "--pid-file " + path) {
  const std::string name = "--pid-file " + path;
  const bool may_go = file_.is_ours() || holds_a_number(file_.fd());
  errno = EEXIST;
  if (!may_go) throw_errno(name + " holds something else than a process id, and is left as it is");
  file_.take_over();
  const std::string line = std::to_string(getpid()) + "\n";
  check(ftruncate(file_.fd(), 0), name.c_str());
  const ssize_t written = check(write(file_.fd(), line.data(), line.size()), name.c_str());
  errno = ENOSPC;
  if (written != std::ssize(line)) throw_errno(name);
}
