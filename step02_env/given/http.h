// The smallest honest HTTP/1 server: one request for a connection, one connection at a time.
#pragma once

#include <string>

#include "unique_fd.h"

// Reads one request from `connection`, answers it, and closes the connection.
//
// A request gets 200 with `body` (HEAD: without it) and the header X-Worker-Pid. What is not
// HTTP/1, or does not name one host, gets 400, a head that has not arrived after 5 seconds 408, one
// of more than 16 KiB 431. The method and the path make no difference; a request's body is read and
// forgotten.
//
// Blocks: for up to 5 s while the head arrives, and 5 s more until the client has read the answer
// and closes. Nothing that a client does is an error here: one that goes away gets no answer.
//
// Left out on purpose: keep-alive, and everything else of RFC 9112.
void serve(UniqueFd connection, const std::string& body);
