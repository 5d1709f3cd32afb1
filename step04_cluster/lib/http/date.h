// The Date that an answer must have: RFC 9110, 6.6.1.
#pragma once

#include <string>

namespace http {

// "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", for now. Made anew only when a second has passed.
const std::string& date_line();

}  // namespace http
