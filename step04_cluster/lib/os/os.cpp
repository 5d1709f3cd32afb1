#include "os/os.h"

#include <sys/resource.h>
#include <uv.h>

#include "sys_error.h"

namespace os {

unsigned cpus() {
  return uv_available_parallelism();
}

void raise_descriptor_limit() {
  rlimit limit = {};
  check(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
  limit.rlim_cur = limit.rlim_max;
  check(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
}

}  // namespace os
