// A file that tells other programs the process id of a server.
//
// The number in it is for people and scripts, and is never trusted: it may be that of a server
// which was killed, and belong to somebody else by now. What counts is the lock on the file, which
// the kernel takes away from a process that ends, however it ends. See flock(2).
#pragma once

#include <string>

#include "unique_fd.h"

namespace os {

class PidFile {
 public:
  // Writes the id of this process into `path`, and keeps it locked. Throws std::system_error;
  // EWOULDBLOCK, and what() says so, if another server has it locked.
  explicit PidFile(std::string path);
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

  // Removes the file.
  ~PidFile();

 private:
  bool is_still_there() const;

  std::string path_;
  UniqueFd file_;
};

}  // namespace os
