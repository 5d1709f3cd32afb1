// A shortage in the kernel, of this process alone.
#pragma once

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ipc/channel.h"
#include "fd_passing.h"

namespace ipc {

// This process may have fewer descriptors in flight than it has now, and no more privileges than
// others. See ETOOMANYREFS in unix(7).
class NoMoreInFlight {
 public:
  NoMoreInFlight() {
    const UniqueFd file(open("/dev/null", O_RDONLY | O_CLOEXEC));
    for (int i = 0; i < 40; ++i) send_fd(ends_.primary.get(), "x", file.get());
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit few = before_;
    few.rlim_cur = 20;
    setrlimit(RLIMIT_NOFILE, &few);
    syscall(SYS_capget, &header_, capabilities_);
    __user_cap_data_struct none[2] = {capabilities_[0], capabilities_[1]};
    none[0].effective = none[1].effective = 0;
    syscall(SYS_capset, &header_, none);
  }
  ~NoMoreInFlight() {
    syscall(SYS_capset, &header_, capabilities_);
    setrlimit(RLIMIT_NOFILE, &before_);
  }

 private:
  Ends ends_ = socket_pair();
  rlimit before_ = {};
  __user_cap_header_struct header_ = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct capabilities_[2] = {};
};

}  // namespace ipc
