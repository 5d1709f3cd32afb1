#include "http/request.h"

#include <algorithm>
#include <charconv>

#include "http/grammar.h"

namespace http {

namespace {

constexpr std::size_t kKeep = 2UL * 1024 * 1024;  // of memory stays for the next request

constexpr CharacterSet kSpace(" \t");

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && kSpace.contains(text.front())) text.remove_prefix(1);
  while (!text.empty() && kSpace.contains(text.back())) text.remove_suffix(1);
  return text;
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i] == '+' ? ' ' : text[i];
    if (c == '%' && i + 2 < text.size()) {
      unsigned char byte = 0;
      const char* digits = text.data() + i + 1;
      if (std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
        c = static_cast<char>(byte);
        i += 2;
      }
    }
    decoded += c;
  }
  return decoded;
}

// The target from the path on: without the "http://host" in front.
std::string_view without_origin(std::string_view target) {
  if (target.starts_with('/')) return target;
  const std::size_t host = target.find("://");
  if (host == target.npos) return target;  // "*"
  const std::size_t path = target.find_first_of("/?", host + 3);
  return path == target.npos ? std::string_view() : target.substr(path);
}

void empty(std::string& text) {
  if (text.capacity() > kKeep) std::string().swap(text);
  text.clear();
}

}  // namespace

std::string_view Request::path() const {
  const std::string_view target = without_origin(target_);
  const std::string_view path = target.substr(0, target.find('?'));
  return path.empty() ? "/" : path;
}

std::optional<std::string> Request::query(std::string_view name) const {
  const std::size_t mark = target_.find('?');
  std::string_view rest = mark == target_.npos ? std::string_view() : target_.substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const std::size_t equal = std::min(pair.find('='), pair.size());
    if (percent_decoded(pair.substr(0, equal)) != name) continue;
    return percent_decoded(pair.substr(std::min(equal + 1, pair.size())));
  }
  return std::nullopt;
}

std::optional<std::string_view> Request::header(std::string_view name) const {
  for (const Field& field : fields_) {
    if (equals_ignoring_case(field.name, name)) return field.value;
  }
  return std::nullopt;
}

// llhttp has accepted the text. Here we are strict once more, and more than it is: what two
// programs could understand differently is where requests are smuggled through (RFC 9112, 11.2).
bool Request::split_head() {
  std::string_view rest = head_;
  bool is_first = true;
  while (!rest.empty()) {
    const std::size_t newline = rest.find('\n');
    if (newline == rest.npos || newline == 0 || rest[newline - 1] != '\r') return false;
    const std::string_view line = rest.substr(0, newline - 1);
    rest.remove_prefix(newline + 1);
    if (line.empty()) return rest.empty() && !is_first;
    if (!(is_first ? split_request_line(line) : split_field(line))) return false;
    is_first = false;
  }
  return false;
}

// What the method and the target consist of is for check_request_line() to say.
bool Request::split_request_line(std::string_view line) {
  constexpr std::size_t kVersion = 8;
  const std::size_t first = line.find(' ');
  if (first == line.npos || first == 0 || line.size() < first + kVersion + 3) return false;
  const std::size_t last = line.size() - kVersion - 1;
  method_ = line.substr(0, first);
  target_ = line.substr(first + 1, last - first - 1);
  return line[last] == ' ' && split_version(line.substr(last + 1));
}

// RFC 9112, 2.3: two digits, and nothing that is nearly the same.
bool Request::split_version(std::string_view version) {
  const unsigned major = static_cast<unsigned char>(version[5]) - '0';
  const unsigned minor = static_cast<unsigned char>(version[7]) - '0';
  version_major_ = static_cast<int>(major);
  version_minor_ = static_cast<int>(minor);
  return version.starts_with("HTTP/") && version[6] == '.' && major <= 9 && minor <= 9;
}

// No name; a name that begins with a space, which is how a line was once continued on the next one.
bool Request::split_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == line.npos || colon == 0) return false;
  const std::string_view name = line.substr(0, colon);
  if (kSpace.contains_any(name)) return false;
  fields_.push_back({name, trimmed(line.substr(colon + 1))});
  return true;
}

void Request::clear() {
  empty(head_);
  empty(body_);
  method_ = target_ = {};
  fields_.clear();
}

}  // namespace http
