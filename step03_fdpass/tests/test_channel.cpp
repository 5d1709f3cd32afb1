#include "channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "fd_passing.h"

namespace {

long open_fds() {
  using Entries = std::filesystem::directory_iterator;
  return std::distance(Entries("/proc/self/fd"), Entries());
}

// `here_` is a channel; its other end, `there_`, is a bare socket, so that it can break the rules.
class HostilePeer : public testing::Test {
 protected:
  HostilePeer() : HostilePeer(socket_pair()) {}
  explicit HostilePeer(std::pair<UniqueFd, UniqueFd> ends)
      : here_(std::move(ends.first)), there_(std::move(ends.second)) {}

  void write(const std::string& text, int fd = -1) { send_fd(there_.get(), text, fd); }

  // One read, and then every message that it completed.
  std::vector<Message> read() {
    here_.fill();
    std::vector<Message> messages;
    while (std::optional<Message> message = here_.next()) messages.push_back(std::move(*message));
    return messages;
  }

  // Reads, and returns the reason why the channel gave up.
  std::string complaint() {
    try {
      while (here_.receive()) continue;
    } catch (const std::exception& error) {
      return error.what();
    }
    return "none";
  }

  Channel here_;
  UniqueFd there_;
  UniqueFd file_{open("/dev/null", O_RDONLY | O_CLOEXEC)};
};

TEST_F(HostilePeer, MayWriteSeveralMessagesAtOnce) {
  write("{\"n\":1}\n{\"n\":2}\n{\"n\"");
  const std::vector<Message> messages = read();
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[1].body["n"], 2);
  write(":3}\n");
  EXPECT_EQ(read().at(0).body["n"], 3);
}

TEST_F(HostilePeer, MayWriteByteByByte) {
  const std::string line = "{\"n\":1}\n";
  for (std::size_t i = 0; i + 1 < line.size(); ++i) {
    write(line.substr(i, 1));
    EXPECT_TRUE(read().empty());
  }
  write("\n");
  EXPECT_EQ(read().size(), 1u);
}

TEST_F(HostilePeer, CannotGiveADescriptorToEveryMessageOfARead) {
  write("{\"n\":1}\n");
  write("{\"n\":2,\"fd\":true}\n", file_.get());
  const std::vector<Message> messages = read();
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_FALSE(messages[0].fd);
  EXPECT_TRUE(messages[1].fd);
}

TEST_F(HostilePeer, MayAttachADescriptorToAPartOfItsLine) {
  write("{\"fd\":", file_.get());
  EXPECT_TRUE(read().empty());
  write("true}\n");
  EXPECT_TRUE(read().at(0).fd);
}

TEST_F(HostilePeer, MayNotWriteALineWithoutEnd) {
  for (int i = 0; i < 17; ++i) {
    write(std::string(4096, 'x'));
    if (i == 16) break;
    EXPECT_TRUE(read().empty());
  }
  EXPECT_EQ(complaint(), "channel: a line of more than 64 KiB");
}

TEST_F(HostilePeer, MayNotWriteWhatIsNoJsonObject) {
  for (const char* line : {"garbage", "", "[1]", "1", "null", "{\"a\":}", "{\"a\":\"\xff\"}"}) {
    write(std::string(line) + "\n");
    EXPECT_EQ(complaint(), "channel: a line that is no JSON object") << line;
  }
}

TEST_F(HostilePeer, MayNestJsonAsDeeplyAsALineIsLong) {
  write("{\"a\":" + std::string(60'000, '[') + std::string(5'000, ']') + "\n");
  EXPECT_EQ(complaint(), "channel: a line that is no JSON object");
  write("{\"a\":" + std::string(30'000, '[') + std::string(30'000, ']') + "}\n");
  EXPECT_TRUE(here_.receive());
}

TEST_F(HostilePeer, MayNotSendADescriptorThatNobodyAnnounced) {
  write("{\"n\":1}\n", file_.get());
  EXPECT_EQ(complaint(), "channel: a descriptor that no message announced");
}

TEST_F(HostilePeer, MayNotHoardDescriptorsInAnUnfinishedLine) {
  write("{", file_.get());
  EXPECT_TRUE(read().empty());
  write(" ", file_.get());
  EXPECT_EQ(complaint(), "channel: a descriptor that no message announced");
}

TEST_F(HostilePeer, MayNotAnnounceADescriptorThatDoesNotCome) {
  write("{\"fd\":true}\n");
  EXPECT_EQ(complaint(), "channel: a message without its descriptor");
}

TEST_F(HostilePeer, MayNotAnnounceInAnotherWay) {
  write("{\"fd\":7}\n", file_.get());
  EXPECT_NE(complaint(), "none");
}

TEST_F(HostilePeer, LeavesNoDescriptorBehind) {
  const long before = open_fds();
  write("{\"n\":1}\n", file_.get());
  EXPECT_NE(complaint(), "none");
  EXPECT_EQ(open_fds(), before + 1);
  here_.close();
  EXPECT_EQ(open_fds(), before - 1);  // the channel's own is closed, too
  EXPECT_EQ(here_.fd(), -1);
}

TEST_F(HostilePeer, ThatDoesNotReadCannotBlockASenderThatDoesNotWait) {
  make_non_blocking(here_.fd());
  EXPECT_THROW(
      {
        while (true) here_.send({{"text", std::string(10'000, 'x')}});
      },
      std::runtime_error);
}

TEST_F(HostilePeer, ThatClosesIsTheEndOfMessages) {
  write("{\"n\":1}\n");
  there_ = UniqueFd();
  EXPECT_TRUE(here_.receive());
  EXPECT_FALSE(here_.receive());
  EXPECT_THROW(here_.send({{"n", 1}}), std::system_error);
}

// Both ends are channels.
class ChannelTest : public testing::Test {
 protected:
  ChannelTest() : ChannelTest(socket_pair()) {}
  explicit ChannelTest(std::pair<UniqueFd, UniqueFd> ends)
      : here_(std::move(ends.first)), there_(std::move(ends.second)) {}

  Channel here_, there_;
};

TEST_F(ChannelTest, CarriesMessagesBothWays) {
  here_.send({{"cmd", "queryServer"}, {"port", 8000}});
  there_.send({{"_queryId", 1}});
  EXPECT_EQ(there_.receive()->body, (Json{{"cmd", "queryServer"}, {"port", 8000}}));
  EXPECT_EQ(here_.receive()->body, (Json{{"_queryId", 1}}));
}

TEST_F(ChannelTest, CarriesADescriptorWithItsMessage) {
  here_.send({{"n", 1}});
  here_.send({{"n", 2}}, STDERR_FILENO);
  here_.send({{"n", 3}});
  EXPECT_FALSE(there_.receive()->fd);
  EXPECT_TRUE(there_.receive()->fd);
  EXPECT_FALSE(there_.receive()->fd);
}

// For the next test: a timer that interrupts system calls, and tells the other process each time.
int ticks[2];

void tick(int) {
  if (write(ticks[1], "", 1) == -1) _exit(1);
}

void start_ticking() {
  struct sigaction action = {};
  action.sa_handler = tick;  // without SA_RESTART
  sigaction(SIGALRM, &action, nullptr);
  const itimerval often = {{0, 10'000}, {0, 10'000}};
  setitimer(ITIMER_REAL, &often, nullptr);
}

TEST_F(ChannelTest, SendsADescriptorOnceEvenIfTheMessageGoesInParts) {
  ASSERT_EQ(pipe(ticks), 0);
  const int small = 1;
  setsockopt(here_.fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
  const pid_t sender = fork();
  if (sender == 0) {
    there_.close();
    start_ticking();
    here_.send({{"text", std::string(50'000, 'x')}}, STDERR_FILENO);
    _exit(0);
  }
  here_.close();
  // Nobody reads yet, so the sender's sendmsg(2) waits in the middle of the line, until a tick
  // makes it return with a part. The first tick may have come too early for that.
  char byte;
  for (int i = 0; i < 3; ++i) ASSERT_EQ(read(ticks[0], &byte, 1), 1);

  const std::optional<Message> message = there_.receive();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->body["text"].get<std::string>().size(), 50'000u);
  EXPECT_TRUE(message->fd);
  EXPECT_FALSE(there_.receive());
  waitpid(sender, nullptr, 0);
}

TEST(IntegerIn, TakesNothingButAnInteger) {
  const Json body = Json::parse(
      R"({"one":1, "minus":-1, "half":1.5, "true":true, "text":"1", "null":null,
          "huge":4294967296, "larger":1e300})");
  EXPECT_EQ(integer_in(body, "one"), 1);
  EXPECT_EQ(integer_in(body, "minus"), -1);
  for (const char* name : {"half", "true", "text", "null", "huge", "larger", "missing"}) {
    EXPECT_THROW(integer_in(body, name), std::runtime_error) << name;
  }
}

TEST_F(ChannelTest, IsCloseOnExecUntilToldOtherwise) {
  EXPECT_EQ(fcntl(here_.fd(), F_GETFD), FD_CLOEXEC);
  keep_on_exec(here_.fd());
  EXPECT_EQ(fcntl(here_.fd(), F_GETFD), 0);
}

}  // namespace
