// Who accepts connections.
#pragma once

#include <memory>
#include <string>

#include "cluster/handle.h"

namespace cluster {

// The primary, which gives them to the workers in turn; the workers, on one socket that they share;
// or each worker on a socket of its own.
enum class Policy { kRoundRobin, kShared, kReusePort };

// "rr", "shared", "reuseport".
std::string to_string(Policy policy);

// Something that workers can listen on, as the policy wants it. Datagrams cannot be accepted, and a
// path has only one socket: UDP is always shared, and paths are not for kReusePort, but dealt out.
// Throws ListenError.
std::unique_ptr<Handle> new_handle(Policy policy, const std::string& key, const ipc::Query& query);

}  // namespace cluster
