#include "ipc/json_text.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "ipc/messages.h"

namespace ipc {

namespace {

using Json = nlohmann::json;

constexpr int kMaxDepth = 100;  // programs that take a message apart do so recursively
constexpr const char* kSpace = " \t\r\n";

// Is there an odd number of backslashes before that place?
bool is_escaped(std::string_view json, std::size_t at) {
  std::size_t begin = at;
  while (begin > 0 && json[begin - 1] == '\\') --begin;
  return (at - begin) % 2 == 1;
}

// The place behind the string that begins at `at`. (Most of what is long is strings.)
std::size_t behind_string(std::string_view json, std::size_t at) {
  do {
    at = json.find('"', at + 1);
  } while (at != json.npos && is_escaped(json, at));
  return at == json.npos ? json.size() : at + 1;
}

// Goes on from `at`, to the place where `is_end(the character there, how deep it is nested)`.
template <typename IsEnd>
std::size_t walk(std::string_view json, std::size_t at, IsEnd is_end) {
  int depth = 0;
  while (at < json.size() && !is_end(json[at], depth)) {
    const char c = json[at];
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    at = c == '"' ? behind_string(json, at) : at + 1;
  }
  return at;
}

void check_depth(std::string_view text) {
  const auto is_too_deep = [](char, int depth) { return depth > kMaxDepth; };
  if (walk(text, 0, is_too_deep) < text.size()) throw ProtocolError("a message nested too deep");
}

// The library takes a NUL for the end of the text, and a byte order mark for nothing.
bool is_json(std::string_view text) {
  return text.find('\0') == text.npos && !text.starts_with('\xef') && Json::accept(text);
}

std::size_t behind_value(std::string_view json, std::size_t at) {
  return walk(json, at, [](char c, int depth) { return depth == 0 && (c == ',' || c == '}'); });
}

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
  return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

// Is `key`, with its quotation marks, this name? It may be written with escapes.
bool is_name(std::string_view key, std::string_view name) {
  if (key.find('\\') != key.npos) return Json::parse(key) == Json(name);
  return key.substr(1, key.size() - 2) == name;
}

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

// JavaScript's strings consist of 16-bit units, and a character beyond those is a pair of them. A
// string may hold half a pair, which JSON writes as "\ud83d", and which UTF-8 cannot express.
// Returns `json` with "\ufffd" in place of each such half, as TextEncoder does it.
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

}  // namespace

std::string checked_json(std::string_view text) {
  check_depth(text);
  std::string json(text);
  if (!is_json(json)) json = without_half_pairs(json);
  if (!is_json(json)) throw ProtocolError("a line that is not JSON");
  return json;
}

std::string_view member_text(std::string_view json, std::string_view name) {
  std::string_view found;
  if (!trimmed(json).starts_with('{')) return found;
  std::size_t at = 0;
  while ((at = json.find('"', at)) != json.npos) {
    const std::string_view key = json.substr(at, behind_string(json, at) - at);
    const std::size_t begin = json.find(':', at + key.size()) + 1;
    at = behind_value(json, begin);
    if (is_name(key, name)) found = trimmed(json.substr(begin, at - begin));
  }
  return found;
}

std::string member_string(std::string_view json, std::string_view name) {
  const std::string_view value = member_text(json, name);
  return value.starts_with('"') ? Json::parse(value).get<std::string>() : "";
}

std::string quoted(const std::string& text) {
  return Json(text).dump();
}

}  // namespace ipc
