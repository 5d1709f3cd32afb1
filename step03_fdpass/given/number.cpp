#include "number.h"

#include <charconv>
#include <stdexcept>

int number_in(const std::string& name, const std::string& text, int least, int most) {
  int value = 0;
  const char* end = text.data() + text.size();
  const std::from_chars_result result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end || value < least || value > most) {
    throw std::invalid_argument(name + " '" + text + "': expected a number from " +
                                std::to_string(least) + " to " + std::to_string(most));
  }
  return value;
}
