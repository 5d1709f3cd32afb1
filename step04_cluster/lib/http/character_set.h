// Which characters may be where: a table, because each byte of each head is looked up.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace http {

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

}  // namespace http
