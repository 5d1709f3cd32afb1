#include "json.h"

#include <cstdint>
#include <stdexcept>
#include <utility>

Json object_in(const std::string& line) {
  Json body = Json::parse(line, nullptr, false);  // false: do not throw
  if (!body.is_object()) throw std::runtime_error("channel: a line that is no JSON object");
  return body;
}

int integer_in(const Json& body, const std::string& name) {
  const auto member = body.find(name);
  if (member != body.end() && member->is_number_integer()) {
    const auto value = member->get<std::int64_t>();
    if (std::in_range<int>(value)) return static_cast<int>(value);
  }
  throw std::runtime_error("channel: '" + name + "' is no integer, or too large");
}
