#include "fd_passing.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>

namespace {

// Two descriptors are "the same file" if device and inode agree; their numbers say nothing.
bool same_file(int a, int b) {
  struct stat sa, sb;
  return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
         sa.st_ino == sb.st_ino;
}

long open_fds() {
  using Entries = std::filesystem::directory_iterator;
  return std::distance(Entries("/proc/self/fd"), Entries());
}

// What send_fd() never does, but a broken peer might: attach `count` descriptors to one byte.
void send_many_fds(int socket, int fd, std::size_t count) {
  alignas(cmsghdr) char control[CMSG_SPACE(8 * sizeof(int))] = {};
  char byte = 'x';
  iovec payload = {&byte, 1};
  msghdr message = {};
  message.msg_iov = &payload;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = CMSG_SPACE(count * sizeof(int));
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(count * sizeof(int));
  for (std::size_t i = 0; i < count; ++i) {
    std::memcpy(CMSG_DATA(header) + i * sizeof(int), &fd, sizeof(int));
  }
  ASSERT_EQ(sendmsg(socket, &message, 0), 1);
}

// While it lives, this process can open no more descriptors.
class NoFreeDescriptor {
 public:
  NoFreeDescriptor() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const UniqueFd lowest(open("/dev/null", O_RDONLY));
    const rlimit none_left = {static_cast<rlim_t>(lowest.get()), before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none_left);
  }
  ~NoFreeDescriptor() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_;
};

class FdPassing : public testing::Test {
 protected:
  FdPassing() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    here_ = UniqueFd(ends[0]);
    there_ = UniqueFd(ends[1]);
  }

  std::size_t send(std::string_view data, int fd) { return send_fd(here_.get(), data, fd); }
  Received receive() { return recv_fd(there_.get(), buffer_); }

  UniqueFd here_, there_;
  UniqueFd file_{open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};
  std::array<char, 16> buffer_;
};

TEST_F(FdPassing, TheReceivedDescriptorIsAnotherNumberForTheSameFile) {
  send("x", file_.get());
  const Received received = receive();
  EXPECT_NE(received.fd.get(), file_.get());
  EXPECT_TRUE(same_file(received.fd.get(), file_.get()));
}

TEST_F(FdPassing, TheReceivedDescriptorIsCloseOnExec) {
  send("x", file_.get());
  EXPECT_EQ(fcntl(receive().fd.get(), F_GETFD), FD_CLOEXEC);
}

TEST_F(FdPassing, TheSenderKeepsItsDescriptor) {
  send("x", file_.get());
  receive();
  EXPECT_NE(fcntl(file_.get(), F_GETFD), -1);
}

TEST_F(FdPassing, ADescriptorSurvivesItsSender) {
  send("x", file_.get());
  here_ = UniqueFd();
  file_ = UniqueFd();
  EXPECT_TRUE(receive().fd);
}

TEST_F(FdPassing, AReadEndsAfterBytesThatCarryADescriptor) {
  send("a", -1);
  send("b", file_.get());
  send("c", file_.get());
  EXPECT_EQ(receive().size, 2u);
  EXPECT_EQ(receive().size, 1u);
}

TEST_F(FdPassing, TheDescriptorComesWithTheFirstByte) {
  send("abcdefghijklmnopqrstuvwxyz", file_.get());
  EXPECT_TRUE(receive().fd);
  EXPECT_FALSE(receive().fd);
}

TEST_F(FdPassing, APartialSendHasSentTheDescriptor) {
  fcntl(here_.get(), F_SETFL, O_NONBLOCK);
  const std::string long_text(10'000'000, 'x');
  const std::size_t sent = send(long_text, file_.get());
  EXPECT_LT(sent, long_text.size());
  EXPECT_TRUE(receive().fd);
}

TEST_F(FdPassing, EndOfFileIsNoBytesAndNoError) {
  here_ = UniqueFd();
  EXPECT_EQ(receive().size, 0u);
}

TEST_F(FdPassing, AnEndWithUnreadBytesIsEndOfFileToo) {
  send_fd(there_.get(), "never read", -1);
  here_ = UniqueFd();
  EXPECT_EQ(receive().size, 0u);
}

TEST_F(FdPassing, SendingToAClosedPeerIsAnErrorAndNoSignal) {
  there_ = UniqueFd();
  try {
    send("x", file_.get());
    FAIL() << "no exception";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), EPIPE);
  }
}

TEST_F(FdPassing, SeveralDescriptorsInAMessageAreAnErrorAndAreClosed) {
  for (const std::size_t count : {2u, 3u, 8u}) {
    send_many_fds(here_.get(), file_.get(), count);
    const long before = open_fds();
    EXPECT_THROW(receive(), std::system_error) << count << " descriptors";
    EXPECT_EQ(open_fds(), before) << count << " descriptors";
  }
}

TEST_F(FdPassing, WithoutAFreeDescriptorTheBytesArriveAndTheLossIsTold) {
  send("abc", file_.get());
  const long before = open_fds();
  {
    const NoFreeDescriptor limit;
    const Received received = receive();
    EXPECT_EQ(received.size, 3u);
    EXPECT_FALSE(received.fd);
    EXPECT_TRUE(received.truncated);
  }
  EXPECT_EQ(open_fds(), before);
  send("d", file_.get());
  EXPECT_FALSE(receive().truncated);
}

}  // namespace
