// How every step reports a failed system call: an exception that says what was attempted, and why
// the kernel refused.
#pragma once

#include <cerrno>
#include <string>
#include <system_error>

// Throws std::system_error for the current errno; its what() reads "<attempt>: <reason>".
[[noreturn]] inline void throw_errno(const std::string& attempt) {
  throw std::system_error(errno, std::generic_category(), attempt);
}

// Returns `result`, unless it is the -1 by which system calls report failure: then throws as above.
template <typename Integer>
Integer check(Integer result, const char* attempt) {
  if (result == -1) throw_errno(attempt);
  return result;
}
