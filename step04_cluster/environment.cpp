#include "environment.h"

#include <unistd.h>

#include <cstdlib>
#include <limits>

#include "number.h"

std::vector<std::string> environment_with(const std::map<std::string, std::string>& changes) {
  std::vector<std::string> result;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string entry = *variable;
    if (!changes.contains(entry.substr(0, entry.find('=')))) result.push_back(entry);
  }
  for (const auto& [name, value] : changes) result.push_back(name + "=" + value);
  return result;
}

int take_number(const std::string& name) {
  const char* variable = std::getenv(name.c_str());
  if (variable == nullptr) return 0;
  const std::string text = variable;
  unsetenv(name.c_str());

  return number_in(name, text, 1, std::numeric_limits<int>::max());
}
