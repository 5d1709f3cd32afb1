#include "http/server.h"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "http_client.h"
#include "loop/timer.h"

namespace {

using http::Request;
using http::Response;

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string kLastGet = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

class HttpServer : public HttpTest {
 protected:
  // Answers with the method, the path and the body.
  static void echo(const Request& request, Response& response) {
    response.end(std::string(request.method()) + " " + std::string(request.path()) + " " +
                 std::string(request.body()) + "\n");
  }

  // Handler that keeps what it should answer.
  http::Handler keep() {
    return [this](const Request&, Response& response) { kept_.push_back(response); };
  }
  bool has_kept(std::size_t count) {
    return run_until([&] { return kept_.size() == count; });
  }

  std::vector<Response> kept_;

 private:
  void SetUp() override { options_.keep_alive_timeout = milliseconds(60'000); }
};

TEST_F(HttpServer, AnswersAndKeepsTheConnection) {
  Client client = connect();
  for (int i = 1; i <= 3; ++i) {
    client.send(kGet);
    client.receive([=](const std::string& all) { return occurrences(all, "world\n") == i; });
  }
  EXPECT_FALSE(client.has_ended());
  EXPECT_EQ(server().open_connections(), 1u);
  EXPECT_EQ(server().requests(), 3u);
}

TEST_F(HttpServer, ClosesWhenTheClientAsksForIt) {
  Client client = connect();
  client.send(kLastGet);
  EXPECT_NE(client.receive_all().find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_FALSE(client.was_reset());
  const auto is_closed = [&] { return server().open_connections() == 0; };
  EXPECT_TRUE(run_until(is_closed, milliseconds(1'000)));  // it did not linger
}

TEST_F(HttpServer, LingersIfTheClientAsksForTheEndAndSendsMore) {
  Client client = connect();
  client.send(kLastGet + kGet);
  EXPECT_EQ(occurrences(client.receive_all(), "HTTP/1.1 "), 1);
  run_for(milliseconds(5));
  EXPECT_EQ(server().open_connections(), 1u);
}

TEST_F(HttpServer, ClosesAfterHttp10UnlessToldToKeepAlive) {
  Client client = connect();
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(client.receive("world").find("\r\nConnection: keep-alive\r\n"), std::string::npos);
  client.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(occurrences(client.receive_all(), "Hello world\n"), 2);
}

TEST_F(HttpServer, AnswersPipelinedRequestsInOrder) {
  handler_ = echo;
  const std::string post = "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz";
  const std::string all = answer_to("GET /a HTTP/1.1\r\nHost: a\r\n\r\n" + post + kLastGet);
  EXPECT_LT(all.find("GET /a \n"), all.find("POST /b xyz\n"));
  EXPECT_LT(all.find("POST /b xyz\n"), all.find("GET / \n"));
  EXPECT_EQ(occurrences(all, "HTTP/1.1 200 OK\r\n"), 3);
}

TEST_F(HttpServer, HandlesNoRequestBeforeTheOneInFrontIsAnswered) {
  handler_ = keep();
  Client client = connect();
  client.send(kGet + kGet + kLastGet);
  for (std::size_t i = 1; i <= 3; ++i) {
    ASSERT_TRUE(has_kept(i));
    run_for(milliseconds(10));
    EXPECT_EQ(kept_.size(), i);
    kept_[i - 1].end("answer " + std::to_string(i) + "\n");
    EXPECT_EQ(kept_.size(), i);  // not from within end()
  }
  EXPECT_NE(client.receive_all().find("answer 3\n"), std::string::npos);
}

TEST_F(HttpServer, KeepsTheBytesInOrderIfTheyArriveTogetherWithTheAnswer) {
  handler_ = [&](const Request& request, Response& response) {
    if (request.path() == "/") return kept_.push_back(response);
    echo(request, response);
    kept_.at(0).end();
  };
  Client client = connect();
  client.send(kGet + "GET /second HT");
  ASSERT_TRUE(has_kept(1));
  Client other = connect();
  uv_run(uv_default_loop(), UV_RUN_NOWAIT);  // from now on the loop waits for both
  other.send_without_loop("GET /other HTTP/1.1\r\nHost: a\r\n\r\n");
  client.send_without_loop("TP/1.1\r\nHost: a\r\n\r\n");
  client.receive("GET /second \n");
}

TEST_F(HttpServer, GivesTheSameAnswerHoweverTheBytesArrive) {
  handler_ = echo;
  const std::string requests =
      "\r\nPOST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nxy"
      "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nzz\r\n0\r\n\r\n" +
      kLastGet;
  const std::string whole = without_date(answer_to(requests));
  EXPECT_EQ(occurrences(whole, "HTTP/1.1 "), 4);  // one is 100 Continue
  for (std::size_t split = 1; split < requests.size(); ++split) {
    Client client = connect();
    client.send(requests.substr(0, split));
    uv_run(uv_default_loop(), UV_RUN_NOWAIT);
    client.send(requests.substr(split));
    ASSERT_EQ(without_date(client.receive_all()), whole) << split;
  }
}

TEST_F(HttpServer, GivesTheSameAnswerToRequestsThatArriveByteByByte) {
  handler_ = echo;
  const std::string request =
      "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz" + kLastGet;
  Client client = connect();
  for (const char c : request) {
    client.send(std::string(1, c));
    uv_run(uv_default_loop(), UV_RUN_NOWAIT);
  }
  EXPECT_EQ(without_date(client.receive_all()), without_date(answer_to(request)));
}

TEST_F(HttpServer, SaysContinueOnlyIfItWantsTheBody) {
  handler_ = echo;
  Client client = connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.receive("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("xy");
  client.receive("POST / xy\n");
  client.send(
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9999999\r\n\r\n");
  EXPECT_NE(client.receive_all().find("HTTP/1.1 413 "), std::string::npos);
  EXPECT_EQ(occurrences(client.received(), "100 Continue"), 1);
}

TEST_F(HttpServer, IgnoresUpgrade) {
  EXPECT_EQ(answer_to("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" +
                      kLastGet)
                .find("HTTP/1.1 200 OK"),
            0u);
  EXPECT_EQ(handled_, 2);
}

TEST_F(HttpServer, HandlesNothingAfterARequestThatItRefuses) {
  for (const std::string bad :
       {"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/2.0\r\nHost: a\r\n\r\n"}) {
    handled_ = 0;
    Client client = connect();
    client.send(std::string(kGet).append(bad).append(kGet).append(kGet));
    const std::string all = client.receive([](const std::string& text) {
      return text.ends_with("\n") && occurrences(text, "HTTP/1.1 ") == 2;
    });
    EXPECT_EQ(handled_, 1) << bad;
    client.send(kGet);
    run_for(milliseconds(5));
    EXPECT_EQ(handled_, 1) << bad;
    EXPECT_EQ(occurrences(client.receive_all(), "HTTP/1.1 "), 2) << bad;
    EXPECT_FALSE(client.was_reset()) << bad;
  }
}

TEST_F(HttpServer, AnswersAHalfClosedClientThenCloses) {
  EXPECT_EQ(occurrences(answer_to(kGet + kGet), "Hello world\n"), 2);
  handler_ = keep();
  Client client = connect();
  client.send(kGet + kGet);
  client.half_close();
  ASSERT_TRUE(has_kept(1));
  kept_[0].end("one");
  ASSERT_TRUE(has_kept(2));
  kept_[1].end("two");
  EXPECT_NE(client.receive_all().find("two"), std::string::npos);
}

TEST_F(HttpServer, TellsAHalfClosedClientThatItsRequestIsIncomplete) {
  EXPECT_EQ(answer_to("GET / HTTP/1.1\r\nHo").find("HTTP/1.1 400 Bad Request\r\n"), 0u);
  EXPECT_EQ(answer_to(""), "");
}

TEST_F(HttpServer, AHandlerThatThrowsIsAnswered500) {
  handler_ = [](const Request&, Response& response) {
    response.write_head(200, {{"Content-Length", "5"}, {"A", "b"}});
    throw std::runtime_error("deliberately, in a test");
  };
  const std::string answer = answer_to(kGet + kGet);
  EXPECT_EQ(answer.find("HTTP/1.1 500 Internal Server Error\r\n"), 0u);
  EXPECT_TRUE(answer.ends_with("\r\n\r\nInternal Server Error\n")) << answer;
  EXPECT_EQ(answer.find("A: b"), std::string::npos);
  EXPECT_EQ(handled_, 1);
}

TEST_F(HttpServer, AHandlerThatThrowsHalfwayResetsTheConnection) {
  handler_ = [](const Request&, Response& response) {
    response.write("some of it");
    throw std::runtime_error("deliberately, in a test");
  };
  Client client = connect();
  client.send(kGet);
  client.receive_all();
  EXPECT_TRUE(client.was_reset());
}

TEST_F(HttpServer, AClientThatResetsAtAnyMomentHurtsNobody) {
  bool has_closed = false;
  handler_ = [&](const Request&, Response& response) {
    response.on_close([&has_closed, response]() mutable {
      has_closed = true;
      response.end("too late");
    });
    response.write("part");
    kept_.push_back(response);
  };
  for (std::size_t size = 0; size <= kGet.size(); ++size) {
    Client client = connect();
    client.send(kGet.substr(0, size));
    if (size % 2 == 0) uv_run(uv_default_loop(), UV_RUN_NOWAIT);
    client.reset();
  }
  EXPECT_TRUE(run_until([&] { return server().open_connections() == 0; }));
  EXPECT_TRUE(has_closed || handled_ == 0);

  has_closed = false;
  Client client = connect();
  client.send(kGet);
  client.receive("part");
  client.reset();
  EXPECT_TRUE(run_until([&] { return has_closed; }));
  kept_.back().write("nobody");
  kept_.back().end();
}

TEST_F(HttpServer, LingersSoThatTheAnswerToAnUnreadRequestIsNotLost) {
  options_.max_body_size = 10;
  Client client = connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n");
  std::string body;
  body.resize(20'000'000, 'x');  // more than the kernel keeps
  EXPECT_TRUE(client.send(body));
  EXPECT_EQ(client.receive_all().find("HTTP/1.1 413 Content Too Large\r\n"), 0u);
  EXPECT_FALSE(client.was_reset());
  EXPECT_EQ(server().open_connections(), 1u);  // waits for the client to close
}

TEST_F(HttpServer, CountsOpenConnections) {
  EXPECT_EQ(server().open_connections(), 0u);
  Client one = connect();
  Client two = connect();
  EXPECT_EQ(server().open_connections(), 2u);
  one.close();
  EXPECT_TRUE(run_until([&] { return server().open_connections() == 1; }));
}

}  // namespace
