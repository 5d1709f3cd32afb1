#include "ipc/channel.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <fstream>

#include "channel.h"
#include "ipc/json_text.h"

namespace ipc {
namespace {

bool same_file(int a, int b) {
  struct stat sa = {};
  struct stat sb = {};
  return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
         sa.st_ino == sb.st_ino;
}

TEST_F(TheChannel, DeliversLinesHoweverTheyArrive) {
  peer_says("1\n\"two\"\n[3");
  peer_says("]");
  peer_says("\n{\"four\":4}\n");
  EXPECT_EQ(texts_, (std::vector<std::string>{"1", "\"two\"", "[3]", "{\"four\":4}"}));
}

TEST_F(TheChannel, DeliversALineThatArrivesByteByByte) {
  for (const char c : std::string("\"\xc3\xa4\"\n")) peer_says(std::string(1, c));
  EXPECT_EQ(texts_, std::vector<std::string>{"\"\xc3\xa4\""});
}

TEST_F(TheChannel, GivesADescriptorToTheLineThatAnnouncesIt) {
  send_fd(peer_.get(), "1\n", -1);
  peer_says(kHandle + "\n2\n", file_.get());
  ASSERT_EQ(texts_.size(), 3U);
  EXPECT_FALSE(fds_[0]);
  EXPECT_TRUE(same_file(fds_[1].get(), file_.get()));
  EXPECT_FALSE(fds_[2]);
}

TEST_F(TheChannel, AcknowledgesADescriptorOnce) {
  peer_says(kHandle + "\n", file_.get());
  EXPECT_EQ(peer_hears(), std::string(kHandleAck) + "\n");
}

TEST_F(TheChannel, SaysThatADescriptorDidNotCome) {
  peer_says(line::newconn(quoted("key"), 1) + "\n");
  EXPECT_EQ(peer_hears(), std::string(kHandleNack) + "\n");
  ASSERT_EQ(fds_.size(), 1U) << "the message has to be answered all the same";
  EXPECT_FALSE(fds_[0]);
}

TEST_F(TheChannel, WaitsForAUsersMessageToComeAgainIfItsDescriptorDidNotCome) {
  peer_says(kHandle + "\n");
  EXPECT_EQ(peer_hears(), std::string(kHandleNack) + "\n");
  EXPECT_TRUE(texts_.empty());
}

TEST_F(TheChannel, AttachesADescriptorToItsLine) {
  channel_->send(kHandle, file_.get(), 1);
  EXPECT_EQ(peer_hears(), kHandle + "\n");
  ASSERT_EQ(peer_fds_.size(), 1U);
  EXPECT_TRUE(same_file(peer_fds_[0].get(), file_.get()));
}

TEST_F(TheChannel, HoldsEverythingBackUntilADescriptorIsAcknowledged) {
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

TEST_F(TheChannel, AcknowledgesEvenWhileItHoldsBack) {
  channel_->send(kHandle, file_.get(), 1);
  peer_says(kHandle + "\n", file_.get());
  EXPECT_EQ(peer_hears(), kHandle + "\n" + std::string(kHandleAck) + "\n");
}

TEST_F(TheChannel, ReportsALostDescriptorByItsNumber) {
  channel_->send(kHandle, file_.get(), 17);
  channel_->send("after");
  peer_says(std::string(kHandleNack) + "\n");
  EXPECT_EQ(lost_, std::vector<std::int64_t>{17});
  EXPECT_EQ(peer_hears(), kHandle + "\nafter\n");
}

TEST_F(TheChannel, DoesNotWaitForAPeerThatDoesNotRead) {
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

TEST_F(TheChannel, KeepsTheDescriptorOfALineThatHasToWait) {
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

TEST_F(TheChannel, EndsOnceWhenThePeerIsGone) {
  peer_says("1\n");
  peer_ = UniqueFd();
  turn();
  channel_->send("too late");
  turn();
  EXPECT_EQ(texts_.size(), 1U);
  EXPECT_EQ(ended_, std::vector<std::string>{""});
  EXPECT_FALSE(channel_->is_open());
}

TEST_F(TheChannel, HearsWhatThePeerSaidBeforeItDied) {
  send_fd(peer_.get(), "1\n2\n", -1);
  peer_ = UniqueFd();
  channel_->send("to nobody");
  channel_->read_last_words();
  EXPECT_EQ(texts_.size(), 2U);
  EXPECT_EQ(ended_.size(), 1U);
}

TEST_F(TheChannel, EndsWithTheReasonIfThePeerBreaksTheProtocol) {
  peer_says("hello\n");
  EXPECT_EQ(ended_, std::vector<std::string>{"a line that is not JSON"});
}

TEST_F(TheChannel, DoesNotKeepADescriptorThatNobodyAnnounced) {
  const long before = open_fds();
  peer_says("1\n", file_.get());
  EXPECT_EQ(ended_, std::vector<std::string>{"a descriptor that no message announced"});
  EXPECT_EQ(open_fds(), before - 1) << "only the channel's own socket was closed";
}

TEST_F(TheChannel, RefusesAnAcknowledgementOfNothing) {
  peer_says(std::string(kHandleAck) + "\n");
  EXPECT_EQ(ended_, std::vector<std::string>{"an acknowledgement of nothing"});
}

TEST_F(TheChannel, ClosesAfterEverythingIsSent) {
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

TEST_F(TheChannel, IsTakenOutOfEpollBeforeItIsClosed) {
  Ends ends = socket_pair();
  const UniqueFd elsewhere(dup(ends.primary.get()));  // another process may hold it, too
  turn();  // the loop's own descriptors, and that of channel_
  const long before = watched_by_epoll();
  Channel channel(std::move(ends.primary), {.message = {}, .end = {}});
  turn();
  EXPECT_EQ(watched_by_epoll(), before + 1);
  channel.close();
  turn();
  EXPECT_EQ(watched_by_epoll(), before) << "epoll reports it for ever, and nobody can remove it";
}

TEST_F(TheChannel, SaysWhenEverythingIsInTheKernel) {
  channel_->send("1");
  EXPECT_EQ(flushed_, 0) << "not from inside send()";
  peer_says("2\n");
  EXPECT_EQ(flushed_, 1);
  channel_->send('"' + std::string(800'000, 'x') + '"');
  EXPECT_EQ(flushed_, 1);
  peer_hears();
  EXPECT_GE(flushed_, 2);
}

}  // namespace
}  // namespace ipc
