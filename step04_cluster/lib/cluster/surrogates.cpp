#include "cluster/surrogates.h"

#include <charconv>

namespace cluster {

namespace {

// The unit that is written as "\uXXXX" at this place; 0 if there is none.
unsigned unit_at(std::string_view json, std::size_t at) {
  if (at + 6 > json.size() || json[at] != '\\' || json[at + 1] != 'u') return 0;
  unsigned unit = 0;
  std::from_chars(json.data() + at + 2, json.data() + at + 6, unit, 16);
  return unit;
}

bool is_first_half(unsigned unit) {
  return unit >= 0xd800 && unit <= 0xdbff;
}

bool is_second_half(unsigned unit) {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

}  // namespace

std::string without_half_pairs(std::string_view json) {
  std::string result(json);
  for (std::size_t at = 0; (at = result.find('\\', at)) != result.npos;) {
    const unsigned unit = unit_at(result, at);
    const bool is_pair = is_first_half(unit) && is_second_half(unit_at(result, at + 6));
    const bool is_half = !is_pair && (is_first_half(unit) || is_second_half(unit));
    if (is_half) result.replace(at, 6, "\\ufffd");
    at += is_pair ? 12 : 2;  // 2: the backslash, and what it escapes
  }
  return result;
}

}  // namespace cluster
