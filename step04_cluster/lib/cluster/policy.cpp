#include "cluster/policy.h"

#include "cluster/reuseport_handle.h"
#include "cluster/round_robin_handle.h"
#include "cluster/shared_handle.h"

namespace cluster {

std::string to_string(Policy policy) {
  switch (policy) {
    case Policy::kShared:
      return "shared";
    case Policy::kReusePort:
      return "reuseport";
    default:
      return "rr";
  }
}

std::unique_ptr<Handle> new_handle(Policy policy, const std::string& key, const ipc::Query& query) {
  if (policy == Policy::kShared || query.is_udp())
    return std::make_unique<SharedHandle>(key, query);
  if (policy == Policy::kReusePort && !query.is_path() && !query.fd)
    return std::make_unique<ReusePortHandle>(key, query);
  return std::make_unique<RoundRobinHandle>(key, query);
}

}  // namespace cluster
