#include "listen_error.h"

#include <cerrno>

namespace {

std::string advice(int error) {
  if (error == EADDRINUSE) return " (another server? try --port 0)";
  if (error == EACCES) return " (ports below 1024 may be for root alone; try --port 8000)";
  return "";
}

}  // namespace

ListenError::ListenError(int error, const std::string& where)
    : std::system_error(error, std::generic_category(), "listen " + where),
      text_(std::system_error::what() + advice(error)) {}
