// A peer that does what no honest one would do: the channel must neither wait for it nor spin.
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <cstring>
#include <functional>

#include "channel.h"
#include "in_flight.h"

namespace ipc {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kLong(10);

TEST_F(TheChannel, RefusesALineThatIsLongerThanItsLimit) {
  connect(1000);
  const std::string longest = '"' + std::string(998, 'x') + '"';
  peer_says("1\n" + longest + "\n2\n");
  EXPECT_EQ(texts_, (std::vector<std::string>{"1", longest, "2"}));
  peer_says(" " + longest + "\n");
  EXPECT_EQ(ended_,
            std::vector<std::string>{"a line of more than 1000 bytes (more: --max-message-size)"});
}

TEST_F(TheChannel, DoesNotWaitForTheEndOfALineThatIsTooLong) {
  connect(1000);
  peer_says(std::string(1001, ' '));
  EXPECT_EQ(ended_.size(), 1U);
}

// A TCP connection whose client does not read, with data to be sent; if its last descriptor is
// closed, that waits so long.
class Lingering {
 public:
  Lingering() {
    const UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    client_ = UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in name = {};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* any = reinterpret_cast<sockaddr*>(&name);
    socklen_t size = sizeof(name);
    bind(listener.get(), any, size);
    listen(listener.get(), 1);
    getsockname(listener.get(), any, &size);
    connect(client_.get(), any, size);
    accepted_ = UniqueFd(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const std::string much(1 << 20, 'x');
    while (::send(accepted_.get(), much.data(), much.size(), MSG_DONTWAIT) > 0) continue;
    const linger on = {1, kLong.count()};
    setsockopt(accepted_.get(), SOL_SOCKET, SO_LINGER, &on, sizeof(on));
  }

  int get() const { return accepted_.get(); }
  void close() { accepted_ = UniqueFd(); }

 private:
  UniqueFd client_;
  UniqueFd accepted_;
};

// What the peer sends it keeps no descriptor of.
void expect_no_wait(const std::function<void()>& what) {
  const auto begin = Clock::now();
  what();
  EXPECT_LT(Clock::now() - begin, kLong / 2);
}

TEST_F(TheChannel, DoesNotWaitToCloseADescriptorThatNobodyWants) {
  Lingering connection;
  send_fd(peer_.get(), kHandle + "\n", connection.get());
  connection.close();
  taken_ = [this] { fds_.clear(); };
  expect_no_wait([] { turn(); });
  EXPECT_EQ(texts_.size(), 1U);
}

TEST_F(TheChannel, DoesNotWaitToCloseADescriptorThatNobodyAnnounced) {
  Lingering connection;
  send_fd(peer_.get(), "1\n", connection.get());
  connection.close();
  expect_no_wait([] { turn(); });
  EXPECT_EQ(ended_.size(), 1U);
}

TEST_F(TheChannel, DoesNotWaitToCloseWhatHasNotBeenRead) {
  Lingering connection;
  send_fd(peer_.get(), "broken\n", -1);
  send_fd(peer_.get(), kHandle + "\n", file_.get());
  send_fd(peer_.get(), kHandle + "\n", connection.get());
  connection.close();
  expect_no_wait([] { turn(); });
  EXPECT_EQ(ended_.size(), 1U);
}

void send_three(int socket, int first, int last) {
  const int fds[3] = {first, first, last};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(fds))] = {};
  char byte = 'x';
  iovec payload = {&byte, 1};
  msghdr message = {};
  message.msg_iov = &payload;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(fds));
  std::memcpy(CMSG_DATA(header), fds, sizeof(fds));
  ASSERT_EQ(sendmsg(socket, &message, 0), 1);
}

TEST_F(TheChannel, DoesNotWaitToCloseOneOfSeveralDescriptors) {
  Lingering connection;
  send_three(peer_.get(), file_.get(), connection.get());
  connection.close();
  expect_no_wait([] { turn(); });
  EXPECT_EQ(ended_.size(), 1U);
}

TEST_F(TheChannel, LeavesAResetAsItIs) {
  Lingering connection;
  const linger reset = {1, 0};
  setsockopt(connection.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  { const net::SharedFd copy{UniqueFd(dup(connection.get()))}; }
  linger value = {};
  socklen_t size = sizeof(value);
  getsockopt(connection.get(), SOL_SOCKET, SO_LINGER, &value, &size);
  EXPECT_EQ(value.l_onoff, 1);
}

// As a process would that has inherited the other end, and that is faster than we are.
TEST_F(TheChannel, ReadsWhatADeadPeerHasSaidAndNotWhatOthersGoOnSaying) {
  send_fd(peer_.get(), "1\n2\n3\n", -1);
  taken_ = [this] {
    if (texts_.size() < 10'000) send_fd(peer_.get(), "4\n", -1);
  };
  channel_->read_last_words();
  EXPECT_GE(texts_.size(), 3U);
  EXPECT_LT(texts_.size(), 100U);
}

bool is_loop_busy() {
  pollfd loop = {uv_backend_fd(uv_default_loop()), POLLIN, 0};
  return poll(&loop, 1, 0) == 1;
}

TEST_F(TheChannel, GivesUpOnAPeerThatStopsReadingAndGoesOn) {
  while (channel_->is_flushed()) channel_->send(kHandle);
  shutdown(peer_.get(), SHUT_RD);
  peer_hears();
  turn();
  EXPECT_EQ(ended_, std::vector<std::string>{"it has stopped reading, and goes on"});
  EXPECT_FALSE(is_loop_busy());
}

TEST_F(TheChannel, RestsWhileTheKernelHasNoRoomForADescriptor) {
  while (channel_->is_flushed()) channel_->send("\"filler\"");
  channel_->send(kHandle, file_.get(), 1);
  {
    const NoMoreInFlight shortage;
    peer_hears();
    turn();
    EXPECT_TRUE(peer_fds_.empty());
    EXPECT_FALSE(is_loop_busy()) << "the socket is writable, and nothing can be written";
  }
  while (peer_fds_.empty()) {
    uv_run(uv_default_loop(), UV_RUN_ONCE);
    peer_hears();
  }
}

}  // namespace
}  // namespace ipc
