// The numbers of RFC 9110, 15, in words.
#pragma once

#include <string_view>

namespace http {

// "Not Found" for 404; "Unknown" for a status that has no name.
std::string_view reason_phrase(int status);

}  // namespace http
