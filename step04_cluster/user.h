// Users of this machine. See passwd(5).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

struct User {
  uid_t uid;
  gid_t gid;
};

// The user of this name, or with this number; nothing, if there is none.
std::optional<User> user_of(const std::string& name);
