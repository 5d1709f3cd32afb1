#include "net/lock_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "sys_error.h"

namespace net {

namespace {

// O_NONBLOCK and O_NOCTTY: whatever it is, opening it has no consequences.
constexpr int kFlags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

}  // namespace

// In a loop: the process that had it locked may have removed it after we had opened it.
LockFile::LockFile(std::string path, mode_t mode, const std::string& name)
    : path_(std::move(path)) {
  struct stat status = {};
  do {
    file_ = UniqueFd(open(path_.c_str(), kFlags, mode));
    if (!file_ || fstat(file_.get(), &status) == -1) throw_errno(name);
    errno = EEXIST;
    if (!S_ISREG(status.st_mode)) throw_errno(name + " is no regular file");
    if (flock(file_.get(), LOCK_EX | LOCK_NB) == -1)
      throw_errno(name + " is locked: another server is running");
  } while (!is_still_there());
  check(fstat(file_.get(), &status), name.c_str());  // again: now nobody else writes into it
  is_ours_ = status.st_size == 0;
}

LockFile::~LockFile() {
  if (is_ours_ && is_still_there()) unlink(path_.c_str());
}

// Is what we have locked the file of that name?
bool LockFile::is_still_there() const {
  struct stat ours = {};
  struct stat named = {};
  return fstat(file_.get(), &ours) == 0 && lstat(path_.c_str(), &named) == 0 &&
         ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

}  // namespace net
