// What a channel does when there is too much of something, or too little.
#include <sys/resource.h>

#include "channel.h"

namespace ipc {
namespace {

const std::string kMegabyte = '"' + std::string(1 << 20, 'x') + '"';

TEST_F(TheChannel, RefusesALineWithoutEnd) {
  const std::string piece(1 << 16, 'x');
  for (int i = 0; i < 1100 && ended_.empty(); ++i) {
    send_fd(peer_.get(), piece, -1);  // perhaps not all of it, but then more than nothing
    turn();
  }
  EXPECT_EQ(ended_, std::vector<std::string>{"a line of more than 67108864 bytes"});
}

TEST_F(TheChannel, GivesUpOnAPeerThatNeverReads) {
  const std::string large = '"' + std::string(1 << 20, 'x') + '"';
  for (int i = 0; i < 70; ++i) channel_->send(large);
  EXPECT_TRUE(ended_.empty()) << "send() does not call back";
  turn();
  EXPECT_EQ(ended_, std::vector<std::string>{"it has left 64 MiB unread"});
}

TEST_F(TheChannel, TellsWhyItGaveUpEvenIfItWaitsForAnAcknowledgement) {
  channel_->send(kHandle, file_.get(), 1);
  for (int i = 0; i < 70; ++i) channel_->send(kMegabyte);
  turn();
  EXPECT_EQ(ended_, std::vector<std::string>{"it has left 64 MiB unread"});
}

const std::string kLargest = '"' + std::string(kMaxLine - 2, 'x') + '"';

TEST_F(TheChannel, SendsOneMessageOfAnySizeThatIsAllowed) {
  channel_->send(line::user(kLargest));
  EXPECT_EQ(peer_hears(), kLargest + "\n");
  EXPECT_THROW(line::user(kLargest + " "), std::invalid_argument);
}

TEST_F(TheChannel, TakesOneMessageOfAnySizeThatIsAllowed) {
  peer_says(kLargest + "\n");
  EXPECT_EQ(texts_, std::vector<std::string>{kLargest});
}

TEST_F(TheChannel, KeepsNoEndlessListOfAcknowledgements) {
  std::string many;
  for (int i = 0; i < 1000; ++i) many += kHandle + "\n";  // without a descriptor
  for (int i = 0; i < 60 && ended_.empty(); ++i) {
    for (std::string_view rest = many; !rest.empty() && ended_.empty(); turn()) {
      rest.remove_prefix(send_fd(peer_.get(), rest, -1));
    }
  }
  EXPECT_EQ(ended_, std::vector<std::string>{"it has left 1 MiB of acknowledgements unread"});
}

// Lets this process open no more descriptors than it has.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit none = before_;
    none.rlim_cur = 0;
    setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoMoreDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_ = {};
};

TEST_F(TheChannel, SendsNothingOfAMessageWhoseDescriptorItCannotKeep) {
  channel_->send(kHandle, file_.get(), 1);
  {
    const NoMoreDescriptors shortage;
    EXPECT_THROW(channel_->send(kHandle, file_.get(), 2), std::system_error);
  }
  channel_->send("3");
  EXPECT_EQ(peer_hears(), kHandle + "\n");
  peer_says(std::string(kHandleAck) + "\n");
  EXPECT_EQ(peer_hears(), "3\n");
}

TEST_F(TheChannel, NeedsNoDescriptorForAMessageThatCanBeSentAtOnce) {
  const NoMoreDescriptors shortage;
  channel_->send(kHandle, file_.get(), 1);
}

TEST_F(TheChannel, ReportsThatEverythingIsInTheKernelBeforeItCloses) {
  channel_->send('"' + std::string(800'000, 'x') + '"');
  channel_->close_when_sent();
  EXPECT_EQ(flushed_, 0);
  peer_hears();
  EXPECT_EQ(flushed_, 1);
  EXPECT_FALSE(channel_->is_open());
}

}  // namespace
}  // namespace ipc
