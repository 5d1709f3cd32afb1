#include "cluster/reuseport_handle.h"

#include <gtest/gtest.h>

#include <system_error>

#include "in_flight.h"

namespace cluster {
namespace {

struct Foreign {
  explicit Foreign(int id, ipc::Ends ends = ipc::socket_pair())
      : theirs(std::move(ends.worker)),
        worker(id, {0, std::move(ends.primary), ipc::kMaxLine},
               {.message = {}, .end = [](const std::string&) {}}, [] {}) {}

  UniqueFd theirs;
  Worker worker;
};

// Clients would be sent to it by the kernel, and wait there for ever.
TEST(ReusePortHandle, KeepsNoNewSocketThatNobodyHasGot) {
  Foreign first(1);
  Foreign second(2);
  ReusePortHandle handle("key", {.address = "127.0.0.1"});
  handle.add(first.worker, 1);
  {
    const ipc::NoMoreInFlight shortage;
    EXPECT_THROW(handle.add(second.worker, 1), std::system_error);
  }
  EXPECT_EQ(handle.sockets().size(), 1U);
  handle.add(second.worker, 2);
  EXPECT_EQ(handle.sockets().size(), 2U);
}

}  // namespace
}  // namespace cluster
