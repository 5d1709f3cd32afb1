#include "os/pid_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "sys_error.h"

namespace os {

// In a loop: the one who had the file locked may have removed it after we had opened it.
PidFile::PidFile(std::string path) : path_(std::move(path)) {
  do {
    file_ = UniqueFd(open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!file_) throw_errno("--pid-file " + path_);
    if (flock(file_.get(), LOCK_EX | LOCK_NB) == -1) {
      throw_errno("--pid-file " + path_ + " is locked: another server is running");
    }
  } while (!is_still_there());
  const std::string line = std::to_string(getpid()) + "\n";
  check(ftruncate(file_.get(), 0), "ftruncate");
  check(write(file_.get(), line.data(), line.size()), "write");
}

PidFile::~PidFile() {
  if (is_still_there()) unlink(path_.c_str());
}

// Is what we have locked the file of that name?
bool PidFile::is_still_there() const {
  struct stat ours = {};
  struct stat named = {};
  return fstat(file_.get(), &ours) == 0 && stat(path_.c_str(), &named) == 0 &&
         ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

}  // namespace os
