// A file that only one process at a time can have.
#pragma once

#include <sys/types.h>

#include <string>

#include "unique_fd.h"

namespace net {

// What counts is not the file, but the lock on it, which the kernel takes away from a process that
// ends, however it ends. See flock(2).
class LockFile {
 public:
  // Opens `path` for reading and writing, with this `mode` if it has to be created, and locks it.
  // Throws std::system_error, whose what() begins with `name`: EWOULDBLOCK if another server has
  // it; EEXIST if it is no regular file, and then it is left alone.
  LockFile(std::string path, mode_t mode, const std::string& name);
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

  // Removes the file if it is ours.
  ~LockFile();

  // It is ours if it was empty at first. What is in any other file may be dear to somebody, until
  // take_over() is called.
  bool is_ours() const { return is_ours_; }
  void take_over() { is_ours_ = true; }

  int fd() const { return file_.get(); }

 private:
  bool is_still_there() const;

  std::string path_;
  UniqueFd file_;
  bool is_ours_ = false;
};

}  // namespace net
