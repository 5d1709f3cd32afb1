// Addresses of sockets: as people write them, and in the binary form that the kernel wants.
#pragma once

#include <netdb.h>

#include <memory>
#include <string>

// ai_addr and ai_addrlen are what bind(2) wants, ai_family what socket(2) wants.
using BinaryAddress = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

// Returns the binary form of `address`, which is numeric ("127.0.0.1", "::1"), and `port`.
// Throws ListenError, with EINVAL, if one of the two is not. See getaddrinfo(3).
BinaryAddress binary_address(const std::string& address, int port);

// "127.0.0.1:8000", "[::1]:8000".
std::string host_and_port(const std::string& host, int port);

// Where `socket` is bound, "127.0.0.1:8000" or "[::1]:8000", and the port alone; 0 if it is not.
// Throws std::system_error. See getsockname(2).
std::string address_of(int socket);
int port_of(int socket);
