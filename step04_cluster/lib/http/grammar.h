// What a request may consist of, as RFC 9110, RFC 9112 and RFC 3986 spell it. Everything here only
// looks at a text, and allocates nothing.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace http {

// Which characters may be where: a table, because each byte of each head is looked up.
class CharacterSet {
 public:
  constexpr explicit CharacterSet(std::string_view members) {
    for (const unsigned char c : members) is_member_[c] = true;
  }

  // The members of both.
  constexpr CharacterSet operator|(const CharacterSet& other) const {
    CharacterSet both = *this;
    for (std::size_t c = 0; c < is_member_.size(); ++c) both.is_member_[c] |= other.is_member_[c];
    return both;
  }

  constexpr bool contains(unsigned char c) const { return is_member_[c]; }

  // Are all characters of `text` members? Is any of them?
  constexpr bool contains_all(std::string_view text) const {
    return std::ranges::all_of(text, [this](char c) { return contains(c); });
  }
  constexpr bool contains_any(std::string_view text) const {
    return std::ranges::any_of(text, [this](char c) { return contains(c); });
  }

 private:
  std::array<bool, 256> is_member_ = {};
};

// RFC 9110, 5.6.2: a method, a name.
bool is_token(std::string_view text);

// RFC 9112, 5: "name: value", without the end of the line.
bool is_field_line(std::string_view line);

// RFC 9112, 7.1.1: what may follow the size of a chunk, `;a=b;c="d"`; or nothing.
bool are_chunk_extensions(std::string_view text);

// RFC 9112, 3.2: the value of Host. RFC 3986, 3.2.2 and 3.2.3: a name, an IPv4 or [IPv6] address,
// and perhaps a port.
bool is_host(std::string_view text);

// Is `target` one that goes with `method`? RFC 9112, 3.2: "/path?query" or "http://host/path?query"
// for all but CONNECT, which wants "host:port"; and "*" for OPTIONS only.
//
// In one respect more than RFC 3986 allows: what browsers send as it is, such as "?a[]=1" or a "%"
// in a query that escapes nothing. Neither can be mistaken for something else.
bool is_target(std::string_view target, std::string_view method);

}  // namespace http
