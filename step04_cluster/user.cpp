#include "user.h"

#include <pwd.h>

#include <charconv>

std::optional<User> user_of(const std::string& name) {
  const passwd* found = getpwnam(name.c_str());
  uid_t uid = 0;
  const char* const end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data(), end, uid);
  const bool is_number = error == std::errc() && stop == end;
  if (found == nullptr && is_number) found = getpwuid(uid);
  if (found == nullptr) return std::nullopt;
  return User{found->pw_uid, found->pw_gid};
}
