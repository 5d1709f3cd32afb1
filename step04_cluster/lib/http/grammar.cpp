#include "http/grammar.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace http {

namespace {

constexpr CharacterSet kDigit("0123456789");
constexpr CharacterSet kHex("0123456789abcdefABCDEF");
constexpr CharacterSet kLetter("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
constexpr CharacterSet kToken = kLetter | kDigit | CharacterSet("!#$%&'*+-.^_`|~");
constexpr CharacterSet kSpace(" \t");

constexpr CharacterSet kScheme = kLetter | kDigit | CharacterSet("+-.");
constexpr CharacterSet kName = kLetter | kDigit | CharacterSet("-._~!$&'()*+,;=");  // unescaped
constexpr CharacterSet kPath = kName | CharacterSet(":@/[]^|");
constexpr CharacterSet kQuery = kPath | CharacterSet("%?{}`\\");

// All that no line may have in it: control characters but for the tab.
constexpr CharacterSet kControl(
    std::string_view("\0\1\2\3\4\5\6\7\10\12\13\14\15\16\17\20\21\22\23\24\25\26\27"
                     "\30\31\32\33\34\35\36\37\177",
                     32));

// Removes from the front of `text` what belongs to `set`, and returns its length.
std::size_t skip(std::string_view& text, const CharacterSet& set) {
  std::size_t size = 0;
  while (size < text.size() && set.contains(text[size])) ++size;
  text.remove_prefix(size);
  return size;
}

// The same, and "%" with two hexadecimal digits.
void skip_with_escapes(std::string_view& text, const CharacterSet& set) {
  skip(text, set);
  while (text.starts_with('%') && text.size() >= 3 && kHex.contains_all(text.substr(1, 2))) {
    text.remove_prefix(3);
    skip(text, set);
  }
}

bool skip(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// RFC 9110, 5.6.4; the opening quote has been removed.
bool skip_rest_of_quoted_string(std::string_view& text) {
  while (!text.empty()) {
    if (skip(text, '"')) return true;
    skip(text, '\\');  // whatever follows stands for itself
    if (text.empty() || kControl.contains(text.front())) return false;
    text.remove_prefix(1);
  }
  return false;
}

bool skip_chunk_extension(std::string_view& text) {
  skip(text, kSpace);
  if (!skip(text, ';')) return false;
  skip(text, kSpace);
  if (skip(text, kToken) == 0) return false;
  std::string_view after = text;  // white space belongs to what follows it
  skip(after, kSpace);
  if (!skip(after, '=')) return true;
  skip(after, kSpace);
  text = after;
  return skip(text, '"') ? skip_rest_of_quoted_string(text) : skip(text, kToken) > 0;
}

bool is_ipv6(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> copy = {};  // inet_pton() wants a zero at the end
  if (text.size() >= copy.size()) return false;
  std::ranges::copy(text, copy.begin());
  in6_addr address;
  return text.find('\0') == text.npos && inet_pton(AF_INET6, copy.data(), &address) == 1;
}

// "v1.x": addresses of a kind that there is not yet.
bool is_ip_of_the_future(std::string_view text) {
  if (!skip(text, 'v') && !skip(text, 'V')) return false;
  if (skip(text, kHex) == 0 || !skip(text, '.') || text.empty()) return false;
  return std::ranges::all_of(text, [](char c) { return c == ':' || kName.contains(c); });
}

bool is_ip_literal(std::string_view text) {
  return is_ipv6(text) || is_ip_of_the_future(text);
}

// Nothing, or ":" and a number, which may be left out.
bool is_port(std::string_view text) {
  if (text.empty()) return true;
  if (!skip(text, ':') || !kDigit.contains_all(text)) return false;
  std::uint16_t port = 0;
  return text.empty() ||
         std::from_chars(text.data(), text.data() + text.size(), port).ec == std::errc();
}

bool is_path_and_query(std::string_view text) {
  skip_with_escapes(text, kPath);
  return text.empty() || (text.front() == '?' && kQuery.contains_all(text));
}

// A scheme, a host, and the rest; nobody's name and password.
bool is_absolute(std::string_view target) {
  const std::size_t colon = target.find("://");
  if (colon == target.npos || colon == 0) return false;
  if (!kLetter.contains(target[0]) || !kScheme.contains_all(target.substr(0, colon))) return false;
  target.remove_prefix(colon + 3);
  const std::string_view host = target.substr(0, target.find_first_of("/?"));
  return !host.empty() && host[0] != ':' && is_host(host) &&
         is_path_and_query(target.substr(host.size()));
}

bool is_host_and_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  return colon != text.npos && colon != 0 && kDigit.contains(text.back()) && is_host(text) &&
         text.find(']', colon) == text.npos;
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && kToken.contains_all(text);
}

bool is_field_line(std::string_view line) {
  return skip(line, kToken) > 0 && skip(line, ':') && !kControl.contains_any(line);
}

bool are_chunk_extensions(std::string_view text) {
  while (!text.empty()) {
    if (!skip_chunk_extension(text)) return false;
  }
  return true;
}

bool is_host(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    return end != text.npos && is_ip_literal(text.substr(1, end - 1)) &&
           is_port(text.substr(end + 1));
  }
  skip_with_escapes(text, kName);
  return is_port(text);
}

bool is_target(std::string_view target, std::string_view method) {
  if (method == "CONNECT") return is_host_and_port(target);
  if (target.starts_with('/')) return is_path_and_query(target);
  return target == "*" ? method == "OPTIONS" : is_absolute(target);
}

}  // namespace http
