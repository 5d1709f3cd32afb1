// What a head that llhttp lets pass is refused for all the same.
#pragma once

#include "http/request.h"

namespace http {

// Returns the status that `request` is to be refused with, or 0; see RFC 9112, 3.2, 6.1 and 6.3,
// and RFC 9110, 10.1.1. To be called when the head has been split.
//
// 400: no Host in HTTP/1.1, or several, or one that is none; a Transfer-Encoding in HTTP/1.0, or
// several, or beside Content-Length, or one that does not end with "chunked"; several lengths.
// 501: any other Transfer-Encoding than "chunked"; CONNECT. 417: Expect, but not "100-continue".
int check_head(const Request& request);

// Does the client want to be told "100 Continue" before it sends the body?
bool expects_continue(const Request& request);

}  // namespace http
