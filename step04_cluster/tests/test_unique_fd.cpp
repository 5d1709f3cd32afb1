#include "unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace {

int open_null() {
  return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

bool is_open(int fd) {
  return fcntl(fd, F_GETFD) != -1;
}

TEST(UniqueFd, ClosesWhenDestroyed) {
  const int fd = open_null();
  { const UniqueFd owner(fd); }
  EXPECT_FALSE(is_open(fd));
}

TEST(UniqueFd, MovingHandsTheDescriptorOver) {
  UniqueFd first(open_null());
  const int fd = first.get();
  const UniqueFd second(std::move(first));
  EXPECT_FALSE(first);
  EXPECT_EQ(second.get(), fd);
  EXPECT_TRUE(is_open(fd));
}

TEST(UniqueFd, AssigningClosesWhatWasOwnedBefore) {
  UniqueFd owner(open_null());
  const int before = owner.get();
  owner = UniqueFd(open_null());
  EXPECT_NE(owner.get(), before);
  EXPECT_FALSE(is_open(before));
}

TEST(UniqueFd, OwnsNothingUnlessToldSo) {
  EXPECT_FALSE(UniqueFd());
  EXPECT_EQ(UniqueFd().get(), -1);
}

}  // namespace
