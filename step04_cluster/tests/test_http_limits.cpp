#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <string>
#include <vector>

#include "http_client.h"

namespace {

using http::Request;
using http::Response;

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

class HttpLimits : public HttpTest {
 protected:
  // The status of the answer to `request`, however large its pieces are.
  int status_of(const std::string& request) { return std::stoi(answer_to(request).substr(9)); }

  // How long it takes until the client sees the end of the connection.
  static milliseconds time_until_end(Client& client) {
    const auto begin = Clock::now();
    client.receive_all();
    return std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
  }

  static void answer_much(const Request&, Response& response) {
    std::string much;
    much.resize(20'000'000, 'x');
    response.end(much);
  }

  static std::string get_of_size(std::size_t size) {
    const std::string begin = "GET / HTTP/1.1\r\nHost: a\r\nA: ";
    return begin + std::string(size - begin.size() - 4, 'x') + "\r\n\r\n";
  }
  static std::string post(std::size_t length) {
    return "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
  }
  const std::string chunked_ = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
};

TEST_F(HttpLimits, RefusesAHeadThatIsTooLarge) {
  options_.max_header_size = 1000;
  EXPECT_EQ(status_of(get_of_size(1000)), 200);
  EXPECT_EQ(status_of(get_of_size(1001)), 431);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n" + std::string(2000, 'a')), 431);
}

TEST_F(HttpLimits, RefusesATargetThatIsTooLarge) {
  options_.max_header_size = 1000;
  EXPECT_EQ(status_of("GET /" + std::string(1000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"), 414);
  EXPECT_EQ(status_of("GET /" + std::string(500, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
}

TEST_F(HttpLimits, RefusesABodyThatIsTooLarge) {
  options_.max_body_size = 10;
  EXPECT_EQ(status_of(post(10) + std::string(10, 'x')), 200);
  EXPECT_EQ(status_of(chunked_ + "a\r\n0123456789\r\n0\r\n\r\n"), 200);
  EXPECT_EQ(status_of(chunked_ + "9\r\n012345678\r\n2\r\n"), 413);
  Client client = connect();
  client.send(post(11));  // and nothing more
  EXPECT_EQ(client.receive_all().find("HTTP/1.1 413 "), 0u);
}

TEST_F(HttpLimits, RefusesABodyThatIsMostlyChunkSizes) {
  std::string tiny;
  for (int i = 0; i < 20'000; ++i) tiny += "1\r\nx\r\n";
  EXPECT_EQ(status_of(chunked_ + tiny + "0\r\n\r\n"), 200);
  EXPECT_EQ(status_of(chunked_ + "1;" + std::string(20'000, 'e') + "\r\nx\r\n0\r\n\r\n"), 413);
  std::string wordy;
  for (int i = 0; i < 3'000; ++i) wordy += "1;abcdefgh\r\nx\r\n";
  EXPECT_EQ(status_of(chunked_ + wordy + "0\r\n\r\n"), 413);
  EXPECT_EQ(status_of(chunked_ + "0\r\nT: " + std::string(20'000, 't') + "\r\n\r\n"), 413);
  const std::string large = "4e20\r\n" + std::string(20'000, 'x') + "\r\n0;";
  EXPECT_EQ(status_of(chunked_ + large + std::string(16'000, 'e') + "\r\n\r\n"), 200);
  EXPECT_EQ(status_of(chunked_ + large + std::string(17'000, 'e') + "\r\n\r\n"), 413);
}

TEST_F(HttpLimits, ClosesAnIdleConnectionWithoutAWord) {
  options_.keep_alive_timeout = milliseconds(200);
  Client client = connect();
  client.send(kGet);
  const std::string answer = client.receive("world\n");
  const milliseconds time = time_until_end(client);
  EXPECT_GE(time, milliseconds(150));
  EXPECT_LE(time, milliseconds(1'000));
  EXPECT_EQ(client.received(), answer);
  EXPECT_FALSE(client.was_reset());
}

TEST_F(HttpLimits, AnswersAHeadThatTakesTooLong) {
  options_.headers_timeout = milliseconds(200);
  for (const std::string begin : {"", "GET / HT"}) {
    Client client = connect();
    client.send(begin);
    EXPECT_GE(time_until_end(client), milliseconds(150));
    EXPECT_EQ(client.received().find("HTTP/1.1 408 Request Timeout\r\n"), 0u);
  }
}

TEST_F(HttpLimits, CountsTheTimeOfTheNextHeadFromItsFirstByte) {
  options_.headers_timeout = milliseconds(200);
  Client client = connect();
  client.send(kGet);
  client.receive("world\n");
  run_for(milliseconds(300));
  EXPECT_FALSE(client.has_ended());  // idle, and that is another time-out
  client.send("G");
  EXPECT_GE(time_until_end(client), milliseconds(150));
  EXPECT_EQ(occurrences(client.received(), "HTTP/1.1 408 "), 1);
}

TEST_F(HttpLimits, AnswersABodyThatTakesTooLong) {
  options_.headers_timeout = milliseconds(50);
  options_.request_timeout = milliseconds(250);
  Client client = connect();
  client.send(post(10) + "x");
  EXPECT_GE(time_until_end(client), milliseconds(200));
  EXPECT_EQ(client.received().find("HTTP/1.1 408 "), 0u);
}

TEST_F(HttpLimits, GivesTheHandlerAllTheTimeItWants) {
  options_.headers_timeout = options_.request_timeout = milliseconds(40);
  options_.keep_alive_timeout = options_.send_timeout = milliseconds(40);
  std::vector<Response> kept;
  handler_ = [&](const Request&, Response& response) { kept.push_back(response); };
  Client client = connect();
  client.send(kGet);
  run_for(milliseconds(200));
  kept.at(0).end("late");
  EXPECT_NE(client.receive("late").find("200 OK"), std::string::npos);
}

TEST_F(HttpLimits, ResetsAConnectionThatReadsNothing) {
  options_.send_timeout = milliseconds(200);
  handler_ = answer_much;
  Client client = connect(4096);
  client.send(kGet);
  EXPECT_TRUE(run_until([&] { return server().open_connections() == 0; }));
  client.receive_all();
  EXPECT_TRUE(client.was_reset());
}

TEST_F(HttpLimits, IsPatientWithAConnectionThatReadsSlowly) {
  options_.send_timeout = milliseconds(200);
  handler_ = answer_much;
  Client client = connect(4096);
  client.send(kGet);
  std::vector<char> buffer(300'000);
  for (int i = 0; i < 20; ++i) {
    run_for(milliseconds(30));
    recv(client.fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  }
  EXPECT_EQ(server().open_connections(), 1u);
  client.reset();
}

TEST_F(HttpLimits, AStreamWaitsForAClientThatDoesNotRead) {
  const std::string piece(10'000, 'x');
  std::size_t written = 0;
  const auto write_more = [&](Response response) {
    bool may_go_on = true;
    while (may_go_on && written < 10'000'000) {
      may_go_on = response.write(piece);
      written += piece.size();
    }
    if (written >= 10'000'000 && may_go_on) response.end();
  };
  handler_ = [&](const Request&, Response& response) {
    response.on_drain([&, response] { write_more(response); });
    write_more(response);
  };
  Client client = connect(4096);
  const std::size_t before = mallinfo2().uordblks;
  client.send(kGet);
  run_for(milliseconds(200));
  EXPECT_LT(written, 10'000'000u);  // some in the kernel's buffers, some in ours
  EXPECT_LT(mallinfo2().uordblks, before + 200'000);
  client.receive("\r\n0\r\n\r\n");
  EXPECT_EQ(std::ranges::count(client.received(), 'x'), 10'000'000);
}

TEST_F(HttpLimits, StopsHandlingRequestsOfAClientThatDoesNotReadItsAnswers) {
  handler_ = [](const Request&, Response& response) { response.end(std::string(60'000, 'x')); };
  Client client = connect(4096);
  std::string many;
  for (int i = 0; i < 400; ++i) many += kGet;
  client.send(many);
  run_for(milliseconds(200));
  EXPECT_LT(handled_, 200);
  client.receive([&](const std::string& all) { return occurrences(all, "HTTP/1.1 200") == 400; });
  EXPECT_EQ(handled_, 400);
}

TEST_F(HttpLimits, StopsReadingWhileAnAnswerIsPending) {
  std::vector<Response> kept;
  handler_ = [&](const Request&, Response& response) { kept.push_back(response); };
  Client client = connect();
  client.send(kGet);
  std::size_t sent = 0;
  const std::string more(100'000, '\n');
  run_until(
      [&] {
        const ssize_t size =
            send(client.fd(), more.data(), more.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += std::max<ssize_t>(size, 0);
        return sent > 50'000'000;
      },
      milliseconds(500));
  EXPECT_LT(sent, 50'000'000u);
  client.reset();  // is seen as soon as there is a reason to read on
  kept.at(0).end();
}

}  // namespace
