// What this machine has to offer.
#pragma once

namespace os {

// How many CPUs this process may use; at least 1. See sched_getaffinity(2).
unsigned cpus();

// Lets this process, and those it starts, open as many descriptors as the system allows: usually a
// process may have 1024 open, and more only if it asks. See RLIMIT_NOFILE in getrlimit(2).
void raise_descriptor_limit();

}  // namespace os
