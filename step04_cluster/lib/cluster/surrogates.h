// Half a character, which JavaScript allows in a string.
#pragma once

#include <string>
#include <string_view>

namespace cluster {

// JavaScript's strings consist of 16-bit units, and a character beyond those is a pair of them. A
// string may hold half a pair, which JSON writes as "\ud83d", and which UTF-8 cannot express.
// Returns `json` with "\ufffd" in place of each such half, as TextEncoder does it.
std::string without_half_pairs(std::string_view json);

}  // namespace cluster
