#include "servers.h"

#include <cerrno>

#include "listener.h"

namespace {

constexpr std::size_t kMaxServers = 64;

}  // namespace

int Servers::get(const std::string& address, int port, int address_type) {
  const std::string where = address + ":" + std::to_string(port);
  const bool is_ipv6 = address.find(':') != std::string::npos;
  if (address_type != (is_ipv6 ? 6 : 4)) throw ListenError(EINVAL, where);

  const std::string key = where + ":" + std::to_string(address_type);
  const auto found = bound_.find(key);
  if (found != bound_.end()) return found->second.get();
  if (bound_.size() == kMaxServers) throw ListenError(EMFILE, where);
  return bound_.emplace(key, bind_to(address, port)).first->second.get();
}
