// A scheduling policy: who accepts connections, and who gets the next one.
//
// To write a new one, you need nothing but this: a name, and a function that makes a Handle.
// Where the primary accepts, a function that chooses is enough: see tests/api_policies.cpp.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/handle.h"

namespace cluster {

struct Policy {
  std::string name;  // for people, and for --policy
  // Makes something that workers can listen on. Throws ListenError.
  std::unique_ptr<Handle> (*new_handle)(const std::string& key, const ipc::Query& query);
};

// The primary accepts, and gives the connections to the workers in turn; the workers accept, on one
// socket that they share; or each worker accepts on a socket of its own.
//
// Datagrams cannot be accepted, and a path has only one socket: UDP is always shared, and paths are
// not for reuseport, but dealt out.
Policy round_robin();
Policy shared();
Policy reuseport();

// These three; and the one of them that has this name, if there is one.
std::vector<Policy> policies();
std::optional<Policy> policy_named(const std::string& name);

}  // namespace cluster
