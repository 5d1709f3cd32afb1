#include "cluster/policy.h"

#include "cluster/reuseport_handle.h"
#include "cluster/round_robin_handle.h"
#include "cluster/shared_handle.h"

namespace cluster {

namespace {

using HandlePtr = std::unique_ptr<Handle>;

HandlePtr new_shared(const std::string& key, const ipc::Query& query) {
  return std::make_unique<SharedHandle>(key, query);
}

HandlePtr new_round_robin(const std::string& key, const ipc::Query& query) {
  if (query.is_udp()) return new_shared(key, query);
  return std::make_unique<RoundRobinHandle>(key, query);
}

HandlePtr new_reuseport(const std::string& key, const ipc::Query& query) {
  const bool can_have_several = !query.is_udp() && !query.is_path() && !query.fd;
  if (!can_have_several) return new_round_robin(key, query);
  return std::make_unique<ReusePortHandle>(key, query);
}

}  // namespace

Policy round_robin() {
  return {"rr", new_round_robin};
}

Policy shared() {
  return {"shared", new_shared};
}

Policy reuseport() {
  return {"reuseport", new_reuseport};
}

std::vector<Policy> policies() {
  return {round_robin(), shared(), reuseport()};
}

std::optional<Policy> policy_named(const std::string& name) {
  for (const Policy& policy : policies()) {
    if (policy.name == name) return policy;
  }
  return std::nullopt;
}

}  // namespace cluster
