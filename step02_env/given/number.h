// Numbers that come from outside.
#pragma once

#include <string>

// Returns the decimal number that is the whole of `text`.
// Throws std::invalid_argument if there is none, or if it is not from `least` to `most`; what()
// begins with `name`: "--port 'http': expected a number from 0 to 65535".
int number_in(const std::string& name, const std::string& text, int least, int most);
