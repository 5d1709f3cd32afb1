#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http_client.h"

namespace {

using http::Request;
using http::Response;

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

class HttpStop : public HttpTest {
 protected:
  HttpStop() { options_.keep_alive_timeout = milliseconds(60'000); }  // nothing ends by itself

  void stop() {
    server().connections()->stop(nullptr, [this] { ++done_; });
  }
  bool is_done_soon() {
    return run_until([this] { return done_ == 1; }, milliseconds(5'000));
  }

  int done_ = 0;  // times that we were told
};

TEST_F(HttpStop, IsDoneAtOnceIfThereIsNobody) {
  stop();
  EXPECT_EQ(done_, 1);
}

TEST_F(HttpStop, ClosesIdleConnectionsAtOnce) {
  Client client = connect();
  client.send(kGet);
  client.receive("world\n");
  const auto begin = Clock::now();
  stop();
  EXPECT_EQ(done_, 0);
  EXPECT_TRUE(is_done_soon());
  EXPECT_LT(Clock::now() - begin, milliseconds(500));
  EXPECT_TRUE(run_until([&] { return client.has_ended(); }));
  EXPECT_FALSE(client.was_reset());
}

TEST_F(HttpStop, LetsARequestUnderWayBeAnsweredThenCloses) {
  std::vector<Response> kept;
  handler_ = [&](const Request&, Response& response) { kept.push_back(response); };
  Client client = connect();
  client.send(kGet);
  run_until([&] { return !kept.empty(); });
  stop();
  run_for(milliseconds(20));
  EXPECT_EQ(done_, 0);
  kept[0].end("late\n");
  const std::string answer = client.receive_all();
  EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("late\n"));
  client.close();
  EXPECT_TRUE(is_done_soon());
}

TEST_F(HttpStop, TellsEverybodyWhoHasAskedForIt) {
  std::vector<Response> kept;
  handler_ = [&](const Request&, Response& response) { kept.push_back(response); };
  Client client = connect();
  client.send(kGet);
  run_until([&] { return !kept.empty(); });
  std::string told;
  server().connections()->stop(nullptr, [&] { told += "first "; });
  server().connections()->stop(nullptr, [&] { told += "second "; });
  kept[0].end("late\n");
  client.receive_all();
  client.close();
  EXPECT_TRUE(run_until([&] { return told == "first second "; }, milliseconds(5'000)));
  stop();
  EXPECT_EQ(done_, 1);
}

TEST_F(HttpStop, ClosesAfterAnAnswerWhoseHeadPromisedMore) {
  std::vector<Response> kept;
  handler_ = [&](const Request&, Response& response) {
    response.write("one ");
    kept.push_back(response);
  };
  Client client = connect();
  client.send(kGet);
  client.receive("Connection: keep-alive");
  stop();
  kept[0].end("two");
  client.receive_all();
  client.close();
  EXPECT_TRUE(is_done_soon());
}

TEST_F(HttpStop, ClosesWhenTheLastAnswerHasBeenWrittenOut) {
  handler_ = [](const Request&, Response& response) {
    std::string much;
    much.resize(20'000'000, 'x');
    response.end(much);
  };
  Client client = connect();
  client.send(kGet);
  run_for(milliseconds(20));
  stop();
  EXPECT_EQ(done_, 0);
  EXPECT_GT(client.receive_all().size(), 20'000'000u);
  EXPECT_TRUE(is_done_soon());
}

TEST_F(HttpStop, AnswersARequestThatTheKernelHasAlready) {
  Client client = connect();
  client.send(kGet);
  client.receive("world\n");
  client.send_without_loop(kGet);
  stop();
  const std::string all = client.receive_all();
  EXPECT_EQ(occurrences(all, "Hello world\n"), 2);
  EXPECT_EQ(occurrences(all, "\r\nConnection: close\r\n"), 1);
  client.close();
  EXPECT_TRUE(is_done_soon());
}

TEST_F(HttpStop, GivesANewConnectionTimeToSendItsRequest) {
  Client client = connect();
  stop();
  run_for(milliseconds(300));
  EXPECT_FALSE(client.has_ended());
  client.send(kGet);
  EXPECT_NE(client.receive_all().find("\r\nConnection: close\r\n"), std::string::npos);
  client.close();
  EXPECT_TRUE(is_done_soon());
}

TEST_F(HttpStop, ClosesANewConnectionThatSendsNothing) {
  Client client = connect();
  stop();
  EXPECT_EQ(client.receive_all(), "");
  EXPECT_TRUE(is_done_soon());
}

TEST_F(HttpStop, AServerMayListenAgain) {
  std::vector<Response> kept;
  handler_ = [&](const Request&, Response& response) { kept.push_back(response); };
  Client before = connect();
  before.send(kGet);
  run_until([&] { return kept.size() == 1; });
  server().close();
  std::string address;
  server().listen(0, {.listening = [&](const std::string& where) { address = where; }});
  EXPECT_TRUE(run_until([&] { return !address.empty(); }));

  Client after = connect();
  for (std::size_t i = 2; i <= 3; ++i) {
    after.send(kGet);
    run_until([&] { return kept.size() == i; });
    kept.at(i - 1).end("anew\n");
  }
  after.receive([](const std::string& all) { return occurrences(all, "anew\n") == 2; });
  EXPECT_EQ(occurrences(after.received(), "\r\nConnection: keep-alive\r\n"), 2);
  EXPECT_FALSE(after.has_ended());
  EXPECT_EQ(server().requests(), 3u);
  EXPECT_EQ(server().total_connections(), 2u);

  kept[0].end("late\n");  // what was there before is still closed
  EXPECT_NE(before.receive_all().find("\r\nConnection: close\r\n"), std::string::npos);
  server().close();
}

TEST_F(HttpStop, ServesAConnectionThatIsTakenLaterOnce) {
  stop();
  Client client = connect();
  client.send(kGet + kGet);
  EXPECT_EQ(occurrences(client.receive_all(), "Hello world\n"), 1);
  EXPECT_FALSE(client.was_reset());
}

}  // namespace
