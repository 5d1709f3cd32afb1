#include "address.h"

#include <sys/socket.h>

#include "listen_error.h"
#include "sys_error.h"

BinaryAddress binary_address(const std::string& address, int port) {
  addrinfo hints = {};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;  // so that no name server is asked
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (port < 0 || port > 65535 ||  // getaddrinfo() would wrap 65536 to 0
      getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    throw ListenError(EINVAL, host_and_port(address, port));
  }
  return {found, &freeaddrinfo};
}

std::string host_and_port(const std::string& host, int port) {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string address_of(int socket) {
  sockaddr_storage name = {};
  socklen_t size = sizeof(name);
  check(getsockname(socket, reinterpret_cast<sockaddr*>(&name), &size), "getsockname");
  char host[NI_MAXHOST] = "";
  char port[NI_MAXSERV] = "";
  getnameinfo(reinterpret_cast<sockaddr*>(&name), size, host, sizeof(host), port, sizeof(port),
              NI_NUMERICHOST | NI_NUMERICSERV);
  return host_and_port(host, std::stoi(port));
}

int port_of(int socket) {
  const std::string address = address_of(socket);
  return std::stoi(address.substr(address.rfind(':') + 1));
}
