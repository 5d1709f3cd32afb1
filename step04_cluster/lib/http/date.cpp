#include "http/date.h"

#include <array>
#include <ctime>

namespace http {

namespace {

// strftime(3) writes the names of days in the language of the locale; that is English, as long as
// the program does not call setlocale(3).
std::string formatted(std::time_t now) {
  std::tm utc = {};
  gmtime_r(&now, &utc);
  std::array<char, 64> text;
  const std::size_t size =
      std::strftime(text.data(), text.size(), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
  return {text.data(), size};
}

}  // namespace

const std::string& date_line() {
  static std::time_t made = 0;
  static std::string line;
  const std::time_t now = std::time(nullptr);
  if (now != made) line = formatted(now);
  made = now;
  return line;
}

}  // namespace http
