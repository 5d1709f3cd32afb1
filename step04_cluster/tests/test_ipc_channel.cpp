#include "cluster/ipc_channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "cluster/hot_messages.h"
#include "fd_passing.h"
#include "loop/timer.h"

namespace cluster {
namespace {

const std::string kHandle = R"({"cmd":"NODE_HANDLE","type":"net.Native","msg":"x"})";

bool same_file(int a, int b) {
  struct stat sa = {};
  struct stat sb = {};
  return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
         sa.st_ino == sb.st_ino;
}

long open_fds() {
  using Entries = std::filesystem::directory_iterator;
  return std::distance(Entries("/proc/self/fd"), Entries());
}

// A channel whose other end is a bare socket, on which the test says what it likes.
class Channel : public testing::Test {
 protected:
  Channel() {
    Ends ends = socket_pair();
    peer_ = std::move(ends.worker);
    channel_.emplace(
        std::move(ends.primary),
        IpcChannel::Events{
            .message = [this](const Message& m, UniqueFd fd) { take(m, std::move(fd)); },
            .handle_lost = [this](std::int64_t seq) { lost_.push_back(seq); },
            .flushed = [this] { ++flushed_; },
            .end = [this](const std::string& error) { ended_.push_back(error); },
        });
  }

  void take(const Message& message, UniqueFd fd) {
    texts_.push_back(message.text);
    fds_.push_back(std::move(fd));
  }

  // Lets the channel do what it can do without waiting.
  static void turn() {
    for (int i = 0; i < 10; ++i) uv_run(uv_default_loop(), UV_RUN_NOWAIT);
  }

  void peer_says(const std::string& bytes, int fd = -1) {
    std::string_view rest = bytes;
    rest.remove_prefix(send_fd(peer_.get(), rest, fd));
    while (!rest.empty()) rest.remove_prefix(send_fd(peer_.get(), rest, -1));
    turn();
  }

  // What has arrived at the peer, and how many descriptors.
  std::string peer_hears() {
    turn();
    std::string text;
    std::array<char, 65536> buffer;
    fcntl(peer_.get(), F_SETFL, O_NONBLOCK);
    try {
      while (true) {
        Received received = recv_fd(peer_.get(), buffer);
        if (received.fd) peer_fds_.push_back(std::move(received.fd));
        text.append(buffer.data(), received.size);
        if (received.size == 0) return text + "<end>";
        turn();
      }
    } catch (const std::system_error&) {
      return text;
    }
  }

  UniqueFd file_{open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};
  UniqueFd peer_;
  std::vector<std::string> texts_;
  std::vector<UniqueFd> fds_;
  std::vector<UniqueFd> peer_fds_;
  std::vector<std::int64_t> lost_;
  std::vector<std::string> ended_;
  int flushed_ = 0;
  std::optional<IpcChannel> channel_;
};

TEST_F(Channel, DeliversLinesHoweverTheyArrive) {
  peer_says("1\n\"two\"\n[3");
  peer_says("]");
  peer_says("\n{\"four\":4}\n");
  EXPECT_EQ(texts_, (std::vector<std::string>{"1", "\"two\"", "[3]", "{\"four\":4}"}));
}

TEST_F(Channel, DeliversALineThatArrivesByteByByte) {
  for (const char c : std::string("\"\xc3\xa4\"\n")) peer_says(std::string(1, c));
  EXPECT_EQ(texts_, std::vector<std::string>{"\"\xc3\xa4\""});
}

TEST_F(Channel, GivesADescriptorToTheLineThatAnnouncesIt) {
  send_fd(peer_.get(), "1\n", -1);
  peer_says(kHandle + "\n2\n", file_.get());
  ASSERT_EQ(texts_.size(), 3U);
  EXPECT_FALSE(fds_[0]);
  EXPECT_TRUE(same_file(fds_[1].get(), file_.get()));
  EXPECT_FALSE(fds_[2]);
}

TEST_F(Channel, AcknowledgesADescriptorOnce) {
  peer_says(kHandle + "\n", file_.get());
  EXPECT_EQ(peer_hears(), std::string(kHandleAck) + "\n");
}

TEST_F(Channel, SaysThatADescriptorDidNotCome) {
  peer_says(kHandle + "\n");
  EXPECT_EQ(peer_hears(), std::string(kHandleNack) + "\n");
  ASSERT_EQ(texts_.size(), 1U);
  EXPECT_FALSE(fds_[0]);
}

TEST_F(Channel, AttachesADescriptorToItsLine) {
  channel_->send(kHandle, file_.get(), 1);
  EXPECT_EQ(peer_hears(), kHandle + "\n");
  ASSERT_EQ(peer_fds_.size(), 1U);
  EXPECT_TRUE(same_file(peer_fds_[0].get(), file_.get()));
}

TEST_F(Channel, HoldsEverythingBackUntilADescriptorIsAcknowledged) {
  channel_->send(kHandle, file_.get(), 1);
  channel_->send("2");
  channel_->send(kHandle, file_.get(), 3);
  channel_->send("4");
  EXPECT_EQ(peer_hears(), kHandle + "\n");
  EXPECT_FALSE(channel_->is_flushed());

  peer_says(std::string(kHandleAck) + "\n");
  EXPECT_EQ(peer_hears(), "2\n" + kHandle + "\n");
  peer_says(std::string(kHandleAck) + "\n");
  EXPECT_EQ(peer_hears(), "4\n");
  EXPECT_TRUE(channel_->is_flushed());
  EXPECT_EQ(peer_fds_.size(), 2U);
}

TEST_F(Channel, AcknowledgesEvenWhileItHoldsBack) {
  channel_->send(kHandle, file_.get(), 1);
  peer_says(kHandle + "\n", file_.get());
  EXPECT_EQ(peer_hears(), kHandle + "\n" + std::string(kHandleAck) + "\n");
}

TEST_F(Channel, ReportsALostDescriptorByItsNumber) {
  channel_->send(kHandle, file_.get(), 17);
  channel_->send("after");
  peer_says(std::string(kHandleNack) + "\n");
  EXPECT_EQ(lost_, std::vector<std::int64_t>{17});
  EXPECT_EQ(peer_hears(), kHandle + "\nafter\n");
}

TEST_F(Channel, DoesNotWaitForAPeerThatDoesNotRead) {
  const std::string large = '"' + std::string(800'000, 'x') + '"';
  channel_->send(R"({"cmd":"NODE_HANDLE","type":"net.Native","msg":)" + large + "}", file_.get(),
                 1);
  channel_->send(large);
  turn();
  EXPECT_FALSE(channel_->is_flushed());
  const std::string first = peer_hears();
  EXPECT_EQ(first.size(), kHandle.size() - 3 + large.size() + 1);
  EXPECT_EQ(peer_fds_.size(), 1U) << "once, although the line was sent in several pieces";
  peer_says(std::string(kHandleAck) + "\n");
  EXPECT_EQ(peer_hears(), large + "\n");
}

TEST_F(Channel, KeepsTheDescriptorOfALineThatHasToWait) {
  const std::string filler = '"' + std::string(400'000, 'x') + '"';
  channel_->send(filler);
  const long before = open_fds();
  {
    const UniqueFd closed_soon(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    channel_->send(kHandle, closed_soon.get(), 1);
  }
  EXPECT_EQ(open_fds(), before + 1);
  peer_hears();
  ASSERT_EQ(peer_fds_.size(), 1U);
  EXPECT_TRUE(same_file(peer_fds_[0].get(), file_.get()));
  EXPECT_EQ(open_fds(), before + 1) << "the duplicate is closed; the peer's is open";
}

TEST_F(Channel, EndsOnceWhenThePeerIsGone) {
  peer_says("1\n");
  peer_ = UniqueFd();
  turn();
  channel_->send("too late");
  turn();
  EXPECT_EQ(texts_.size(), 1U);
  EXPECT_EQ(ended_, std::vector<std::string>{""});
  EXPECT_FALSE(channel_->is_open());
}

TEST_F(Channel, HearsWhatThePeerSaidBeforeItDied) {
  send_fd(peer_.get(), "1\n2\n", -1);
  peer_ = UniqueFd();
  channel_->send("to nobody");
  channel_->read_all();
  EXPECT_EQ(texts_.size(), 2U);
  EXPECT_EQ(ended_.size(), 1U);
}

TEST_F(Channel, EndsWithTheReasonIfThePeerBreaksTheProtocol) {
  peer_says("hello\n");
  EXPECT_EQ(ended_, std::vector<std::string>{"a line that is not JSON"});
}

TEST_F(Channel, DoesNotKeepADescriptorThatNobodyAnnounced) {
  const long before = open_fds();
  peer_says("1\n", file_.get());
  EXPECT_EQ(ended_, std::vector<std::string>{"a descriptor that no message announced"});
  EXPECT_EQ(open_fds(), before - 1) << "only the channel's own socket was closed";
}

TEST_F(Channel, RefusesAnAcknowledgementOfNothing) {
  peer_says(std::string(kHandleAck) + "\n");
  EXPECT_EQ(ended_, std::vector<std::string>{"an acknowledgement of nothing"});
}

TEST_F(Channel, RefusesALineWithoutEnd) {
  const std::string piece(1 << 16, 'x');
  for (int i = 0; i < 300 && ended_.empty(); ++i) {
    send_fd(peer_.get(), piece, -1);  // perhaps not all of it, but then more than nothing
    turn();
  }
  EXPECT_EQ(ended_, std::vector<std::string>{"a line of more than 16 MiB"});
}

TEST_F(Channel, GivesUpOnAPeerThatNeverReads) {
  const std::string large = '"' + std::string(1 << 20, 'x') + '"';
  for (int i = 0; i < 70; ++i) channel_->send(large);
  EXPECT_TRUE(ended_.empty()) << "send() does not call back";
  turn();
  EXPECT_EQ(ended_, std::vector<std::string>{"it has left 64 MiB unread"});
}

TEST_F(Channel, ClosesAfterEverythingIsSent) {
  channel_->send(kHandle, file_.get(), 1);
  channel_->send("last");
  channel_->close_when_sent();
  channel_->send("after the last");
  EXPECT_EQ(peer_hears(), kHandle + "\n");
  peer_says(std::string(kHandleAck) + "\n");
  EXPECT_EQ(peer_hears(), "last\n<end>");
  EXPECT_TRUE(ended_.empty()) << "that is not the other end's doing";
}

// How many descriptors are registered with this process's epolls. See proc(5).
long watched_by_epoll() {
  long count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) count += line.starts_with("tfd:") ? 1 : 0;
  }
  return count;
}

TEST_F(Channel, IsTakenOutOfEpollBeforeItIsClosed) {
  Ends ends = socket_pair();
  const UniqueFd elsewhere(dup(ends.primary.get()));  // another process may hold it, too
  turn();  // the loop's own descriptors, and that of channel_
  const long before = watched_by_epoll();
  IpcChannel channel(std::move(ends.primary), {.message = {}, .end = {}});
  turn();
  EXPECT_EQ(watched_by_epoll(), before + 1);
  channel.close();
  turn();
  EXPECT_EQ(watched_by_epoll(), before) << "epoll reports it for ever, and nobody can remove it";
}

TEST_F(Channel, SaysWhenEverythingIsInTheKernel) {
  channel_->send("1");
  EXPECT_EQ(flushed_, 1);
  channel_->send('"' + std::string(800'000, 'x') + '"');
  EXPECT_EQ(flushed_, 1);
  peer_hears();
  EXPECT_GE(flushed_, 2);
}

}  // namespace
}  // namespace cluster
