// The error of a port that cannot be had.
#pragma once

#include <string>
#include <system_error>

// bind(2) or listen(2) failed. code() holds the errno; what() also says what to do about it:
// "listen 127.0.0.1:8000: Address already in use (another server? try --port 0)".
class ListenError : public std::system_error {
 public:
  ListenError(int error, const std::string& where);
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};
