#include "child.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <stdexcept>

#include "listener.h"

namespace {

// A worker's half, and the primary's end of its channel. The socket keeps an answer until it is
// read, so the primary may answer before it is asked.
class ChildTest : public testing::Test {
 protected:
  ChildTest() : ChildTest(socket_pair()) {}
  explicit ChildTest(std::pair<UniqueFd, UniqueFd> ends)
      : primary_(std::move(ends.first)), child_((set_channel(ends.second), 7)) {}

  // Leaves the channel in the environment, as a primary does.
  static void set_channel(UniqueFd& end) {
    setenv("NODE_CHANNEL_FD", std::to_string(dup(end.get())).c_str(), 1);
    end = UniqueFd();
  }

  Channel primary_;
  Child child_;
};

TEST_F(ChildTest, TakesTheChannelOutOfTheEnvironment) {
  EXPECT_FALSE(std::getenv("NODE_CHANNEL_FD"));
}

TEST_F(ChildTest, AsksListensAndSaysSo) {
  const UniqueFd bound = bind_to("127.0.0.1", 0);
  const int port = port_of(bound.get());
  primary_.send({{"_queryId", 1}}, bound.get());
  const UniqueFd listener = child_.listen("127.0.0.1", port);
  EXPECT_EQ(port_of(listener.get()), port);

  const Json query = primary_.receive()->body;
  EXPECT_EQ(query["cmd"], "queryServer");
  EXPECT_EQ(query["port"], port);
  EXPECT_EQ(query["addressType"], 4);
  EXPECT_EQ(query["_workerId"], 7);
  EXPECT_EQ(primary_.receive()->body["cmd"], "listening");
}

TEST_F(ChildTest, CountsItsQueries) {
  primary_.send({{"_queryId", 1}, {"errno", EACCES}});
  primary_.send({{"_queryId", 2}, {"errno", EADDRINUSE}});
  EXPECT_THROW(child_.listen("127.0.0.1", 80), ListenError);
  EXPECT_THROW(child_.listen("::1", 80), ListenError);
  EXPECT_EQ(primary_.receive()->body["_queryId"], 1);
  const Json second = primary_.receive()->body;
  EXPECT_EQ(second["_queryId"], 2);
  EXPECT_EQ(second["addressType"], 6);
}

TEST_F(ChildTest, ThrowsWhatThePrimaryWasTold) {
  primary_.send({{"_queryId", 1}, {"errno", EADDRINUSE}});
  try {
    child_.listen("127.0.0.1", 8000);
    FAIL() << "no exception";
  } catch (const ListenError& error) {
    EXPECT_EQ(error.code().value(), EADDRINUSE);
  }
}

TEST_F(ChildTest, DoesNotWaitForAPrimaryThatIsGone) {
  primary_.close();
  EXPECT_THROW(child_.listen("127.0.0.1", 0), std::exception);
}

TEST(Child, NeedsAChannel) {
  unsetenv("NODE_CHANNEL_FD");
  EXPECT_THROW(Child(1), std::runtime_error);
  setenv("NODE_CHANNEL_FD", "2", 1);
  EXPECT_THROW(Child(1), std::runtime_error);
}

}  // namespace
