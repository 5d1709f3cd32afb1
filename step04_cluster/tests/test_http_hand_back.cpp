#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http_client.h"

namespace {

using http::Request;
using http::Response;

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

// The server is told to stop, and somebody else takes its idle connections.
class HttpHandBack : public HttpTest {
 protected:
  struct Given {
    UniqueFd copy;  // as the other process would have one
    std::function<void(bool taken)> done;
  };

  HttpHandBack() { options_.keep_alive_timeout = milliseconds(60'000); }  // nothing ends by itself

  void stop() {
    const auto take = [this](int connection, std::function<void(bool)> done) {
      given_.push_back({UniqueFd(dup(connection)), std::move(done)});
    };
    server().connections()->stop(take, [this] { ++done_; });
  }
  bool is_given_soon() {
    return run_until([this] { return !given_.empty(); }, milliseconds(5'000));
  }
  bool is_done_soon() {
    return run_until([this] { return done_ == 1; }, milliseconds(5'000));
  }

  std::vector<Given> given_;
  int done_ = 0;
};

TEST_F(HttpHandBack, HandsAnIdleConnectionBackAndDoesNotEndIt) {
  Client client = connect();
  client.send(kGet);
  client.receive("world\n");
  stop();
  ASSERT_TRUE(is_given_soon());
  given_[0].done(true);
  EXPECT_TRUE(is_done_soon());
  client.send("x");
  char byte = 0;
  EXPECT_EQ(recv(given_[0].copy.get(), &byte, 1, 0), 1);
  EXPECT_EQ(byte, 'x');
  EXPECT_FALSE(client.has_ended());
}

TEST_F(HttpHandBack, ReadsNothingFromAConnectionThatItHandsBack) {
  Client client = connect();
  client.send(kGet);
  client.receive("world\n");
  stop();
  ASSERT_TRUE(is_given_soon());
  client.send(kGet);
  run_for(milliseconds(20));
  EXPECT_EQ(server().requests(), 1U);
  given_[0].done(true);
  EXPECT_TRUE(is_done_soon());
}

TEST_F(HttpHandBack, ServesOnIfNobodyTakesIt) {
  Client client = connect();
  client.send(kGet);
  client.receive("world\n");
  stop();
  ASSERT_TRUE(is_given_soon());
  given_[0].done(false);
  client.send(kGet);
  EXPECT_NE(client.receive("world\n").find("Connection: keep-alive"), std::string::npos);
  EXPECT_TRUE(run_until([this] { return given_.size() == 2; })) << "it is offered once more";
  given_[1].done(true);
  EXPECT_TRUE(is_done_soon());
}

TEST_F(HttpHandBack, AnswersFirstAndKeepsTheConnectionAlive) {
  std::vector<Response> kept;
  handler_ = [&](const Request&, Response& response) { kept.push_back(response); };
  Client client = connect();
  client.send(kGet);
  run_until([&] { return !kept.empty(); });
  stop();
  run_for(milliseconds(20));
  EXPECT_TRUE(given_.empty());
  kept[0].end("late\n");
  EXPECT_NE(client.receive("late\n").find("Connection: keep-alive"), std::string::npos);
  ASSERT_TRUE(is_given_soon());
  given_[0].done(true);
  EXPECT_TRUE(is_done_soon());
}

TEST_F(HttpHandBack, WaitsForTheRestOfARequest) {
  Client client = connect();
  client.send(kGet.substr(0, 9));
  run_for(milliseconds(20));
  stop();
  run_for(milliseconds(20));
  EXPECT_TRUE(given_.empty());
  client.send(kGet.substr(9));
  client.receive("world\n");
  EXPECT_TRUE(is_given_soon());
  given_[0].done(true);
  EXPECT_TRUE(is_done_soon());
}

TEST_F(HttpHandBack, EndsOneWhoseClientHasSaidThatItCloses) {
  Client client = connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  client.receive("world\n");
  stop();
  EXPECT_TRUE(is_done_soon());
  EXPECT_TRUE(given_.empty());
}

TEST_F(HttpHandBack, TheOtherTakesOverWithTheTimeOfOneThatIsKeptAlive) {
  options_.keep_alive_timeout = milliseconds(50);
  options_.headers_timeout = milliseconds(60'000);
  Client client = connect();
  client.send(kGet);
  client.receive("world\n");
  stop();
  ASSERT_TRUE(is_given_soon());
  http::Server other([](const Request&, Response& response) { response.end("x"); }, options_);
  other.connections()->adopt(std::move(given_[0].copy));
  given_[0].done(true);
  EXPECT_EQ(occurrences(client.receive_all(), "HTTP/1.1 "), 1) << "closed, without 408";
}

}  // namespace
