// What a head that llhttp lets pass is refused for all the same.
#pragma once

#include <string_view>

#include "http/request.h"

namespace http {

// Returns the status that `request` is to be refused with, or 0; see RFC 9112, 3.2, 6.1 and 6.3,
// and RFC 9110, 10.1.1. To be called when the head has been split.
//
// 400: no Host in HTTP/1.1, or several, or a malformed Host; a Transfer-Encoding in HTTP/1.0, or
// beside Content-Length, or with "chunked" in front of something; several lengths. 501: any other
// Transfer-Encoding than "chunked". 417: Expect, but not "100-continue". Or what follows.
int check_head(const Request& request);

// The same for the first line alone, when that has been split. 400: a malformed target, or one that
// does not go with the method. 505: another version than 1.0 and 1.1. 501: CONNECT, or an unknown
// method.
int check_request_line(const Request& request);

// Is `line` a header field that check_head() looks at? Behind the body it comes too late.
bool is_of_the_head(std::string_view line);

// Does the client want to be told "100 Continue" before it sends the body?
bool expects_continue(const Request& request);

}  // namespace http
