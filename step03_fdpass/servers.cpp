#include "servers.h"

#include <cerrno>

#include "listener.h"

int Servers::get(const std::string& address, int port, int address_type) {
  const std::string where = address + ":" + std::to_string(port);
  const bool is_ipv6 = address.find(':') != std::string::npos;
  if (address_type != (is_ipv6 ? 6 : 4)) throw ListenError(EINVAL, where);

  const std::string key = where + ":" + std::to_string(address_type);
  auto found = bound_.find(key);
  if (found == bound_.end()) found = bound_.emplace(key, bind_to(address, port)).first;
  return found->second.get();
}
