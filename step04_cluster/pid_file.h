// A file that tells other programs the process id of a server.
//
// The number in it is for people and scripts, and is never trusted: it may be that of a server
// which was killed, and belong to somebody else by now. What counts is the lock.
#pragma once

#include <string>

#include "net/lock_file.h"

class PidFile {
 public:
  // Writes the id of this process into `path`, and keeps it locked, until it removes the file.
  // Throws std::system_error, and what() begins with "--pid-file PATH": EWOULDBLOCK if another
  // server has it locked; EEXIST if there is something else than a number in it, and then it is
  // left alone. After any other error there is no file.
  explicit PidFile(const std::string& path);

 private:
  net::LockFile file_;
};
