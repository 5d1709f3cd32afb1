#include "http/response.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "http/output.h"
#include "http/response_head.h"
#include "http_client.h"

namespace {

using http::Request;
using http::Response;

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string kKeepAlive = "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n";

class HttpResponse : public HttpTest {
 protected:
  // What a client gets that sends `request`, without the Date.
  std::string answer(http::Handler handler, const std::string& request = kGet) {
    handler_ = std::move(handler);
    return without_date(answer_to(request));
  }
};

TEST_F(HttpResponse, TellsTheLengthOfAnAnswerThatIsWrittenAtOnce) {
  EXPECT_EQ(answer([](const Request&, Response& response) {
              response.write_head(404, {{"A", "b"}});
              response.end("no\n");
            }),
            "HTTP/1.1 404 Not Found\r\nA: b\r\n" + kKeepAlive + "Content-Length: 3\r\n\r\nno\n");
  EXPECT_EQ(answer([](const Request&, Response& response) { response.end(); }),
            "HTTP/1.1 200 OK\r\n" + kKeepAlive + "Content-Length: 0\r\n\r\n");
}

TEST_F(HttpResponse, SendsPartsInChunks) {
  const http::Handler parts = [](const Request&, Response& response) {
    response.write("0123456789abcdef");
    response.write("");
    response.end("x");
  };
  EXPECT_EQ(answer(parts), "HTTP/1.1 200 OK\r\n" + kKeepAlive +
                               "Transfer-Encoding: chunked\r\n\r\n"
                               "10\r\n0123456789abcdef\r\n1\r\nx\r\n0\r\n\r\n");
}

TEST_F(HttpResponse, SendsPartsUntilTheConnectionClosesInHttp10) {
  const http::Handler parts = [](const Request&, Response& response) {
    response.write("a");
    response.end("b");
  };
  EXPECT_EQ(answer(parts, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nab");
}

TEST_F(HttpResponse, SendsPartsAsTheyAreIfTheLengthIsGiven) {
  const http::Handler parts = [](const Request&, Response& response) {
    response.write_head(200, {{"content-length", "2"}});
    response.write("a");
    response.end("b");
  };
  EXPECT_EQ(answer(parts), "HTTP/1.1 200 OK\r\n" + kKeepAlive + "Content-Length: 2\r\n\r\nab");
}

TEST_F(HttpResponse, ClosesIfTheBodyIsNotAsLongAsToldAndSendsNoByteTooMany) {
  for (const std::string body : {"abc", "abcdefgh"}) {
    const auto expected = body.substr(0, 5);
    const auto at_once = [&](const Request&, Response& response) {
      response.write_head(200, {{"Content-Length", "5"}});
      response.end(body);
    };
    EXPECT_EQ(answer(at_once, kGet + kGet),
              "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n" + expected);
    const auto in_parts = [&](const Request&, Response& response) {
      response.write_head(200, {{"Content-Length", "5"}});
      response.write(body);
      response.end();
    };
    const std::string head = "HTTP/1.1 200 OK\r\n" + kKeepAlive + "Content-Length: 5\r\n\r\n";
    EXPECT_EQ(answer(in_parts, kGet + kGet), std::string(head).append(expected));
  }
}

TEST_F(HttpResponse, SendsNoBodyForHead) {
  const std::string head = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string ok = "HTTP/1.1 200 OK\r\n" + kKeepAlive;
  const auto at_once = [](const Request&, Response& response) { response.end("abc"); };
  EXPECT_EQ(answer(at_once, head), ok + "Content-Length: 3\r\n\r\n");
  const auto in_parts = [](const Request&, Response& response) {
    response.write("abc");
    response.end("d");
  };
  EXPECT_EQ(answer(in_parts, head), ok + "\r\n");
  const auto told = [](const Request&, Response& response) {
    response.write_head(200, {{"Content-Length", "7"}});
    response.end();
  };
  EXPECT_EQ(answer(told, head), ok + "Content-Length: 7\r\n\r\n");
}

TEST_F(HttpResponse, SendsNoBodyWith204And304) {
  for (const std::string status : {"204 No Content", "304 Not Modified"}) {
    const auto handler = [&](const Request&, Response& response) {
      response.write_head(std::stoi(status));
      response.end();
    };
    const std::string expected = "\r\n" + kKeepAlive + "\r\n";
    EXPECT_EQ(answer(handler), std::string("HTTP/1.1 ").append(status).append(expected));
  }
  const auto with_body = [](const Request&, Response& response) {
    response.write_head(204);
    response.end("not sent");
  };
  EXPECT_EQ(occurrences(answer(with_body, kGet + kGet), "not sent"), 0);
}

TEST_F(HttpResponse, RefusesHeadersThatWouldBreakTheHead) {
  const std::vector<http::Headers> wrong = {{{"A", "b\r\nC: d"}},
                                            {{"A", "b\nc"}},
                                            {{"A", "b\r"}},
                                            {{"A", std::string("b\0", 2)}},
                                            {{"A\r\nB", "c"}},
                                            {{"A B", "c"}},
                                            {{"", "c"}},
                                            {{"A:", "c"}},
                                            {{"Content-Length", "1x"}},
                                            {{"Content-Length", "-1"}},
                                            {{"Content-Length", ""}},
                                            {{"Content-Length", "99999999999999999999"}},
                                            {{"Transfer-Encoding", "chunked"}},
                                            {{"Content-Length", "1"}, {"content-length", "1"}}};
  const std::string plain = "HTTP/1.1 200 OK\r\n" + kKeepAlive + "Content-Length: 1\r\n\r\nx";
  for (const http::Headers& headers : wrong) {
    EXPECT_EQ(answer([&](const Request&, Response& response) {
                EXPECT_THROW(response.write_head(201, headers), std::invalid_argument);
                EXPECT_THROW(response.write_head(101), std::invalid_argument);
                response.end("x");
              }),
              plain);
  }
}

// RFC 9110, 15: a status may oblige to say more.
TEST_F(HttpResponse, RefusesAStatusWithoutWhatItDemands) {
  const std::vector<std::pair<int, std::string>> duties = {
      {401, "WWW-Authenticate"}, {405, "allow"}, {407, "Proxy-Authenticate"}, {426, "Upgrade"}};
  for (const auto& duty : duties) {
    const std::string text = answer([&](const Request&, Response& response) {
      EXPECT_THROW(response.write_head(duty.first), std::invalid_argument) << duty.first;
      EXPECT_THROW(response.write_head(duty.first, {{"A", "b"}}), std::invalid_argument);
      response.write_head(duty.first, {{duty.second, "x"}});
      response.end();
    });
    EXPECT_EQ(occurrences(text, "HTTP/1.1 " + std::to_string(duty.first)), 1);
    EXPECT_EQ(occurrences(text, "\r\n" + duty.second + ": x\r\n"), 1);
    EXPECT_EQ(occurrences(text, "\r\nConnection: upgrade\r\n"), duty.first == 426 ? 1 : 0);
  }
}

TEST_F(HttpResponse, SaysThat205HasNoBody) {
  const auto handler = [](const Request&, Response& response) {
    response.write_head(205);
    response.write("not");
    response.end(" sent");
  };
  EXPECT_EQ(answer(handler),
            "HTTP/1.1 205 Reset Content\r\n" + kKeepAlive + "Content-Length: 0\r\n\r\n");
}

TEST_F(HttpResponse, RefusesASecondHead) {
  answer([](const Request&, Response& response) {
    response.write_head(201);
    response.write_head(200);
    response.write("x");
    EXPECT_THROW(response.write_head(200), std::logic_error);
    response.end();
    EXPECT_NO_THROW(response.write_head(200));  // is answered: does nothing
  });
}

TEST_F(HttpResponse, HasADateUnlessTheHandlerGivesOne) {
  EXPECT_EQ(occurrences(answer_to(kGet), "\r\nDate: "), 1);
  EXPECT_EQ(http::date_line().size(),
            std::string("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n").size());
  handler_ = [](const Request&, Response& response) {
    response.write_head(200, {{"date", "today"}});
    response.end();
  };
  EXPECT_EQ(occurrences(answer_to(kGet), "Date: "), 0);
}

TEST_F(HttpResponse, HasTheLinesOfTheOptionsAlsoInErrors) {
  options_.headers = "X-Worker-Pid: 1\r\n";
  EXPECT_EQ(occurrences(answer_to(kGet), "\r\nX-Worker-Pid: 1\r\n"), 1);
  EXPECT_EQ(occurrences(answer_to("wrong\r\n\r\n"), "\r\nX-Worker-Pid: 1\r\n"), 1);
}

TEST_F(HttpResponse, ClosesIfTheHandlerSaysSo) {
  const auto close = [](const Request&, Response& response) {
    response.write_head(200, {{"Connection", "close"}});
    response.end("x");
  };
  EXPECT_EQ(answer(close, kGet + kGet),
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx");
}

TEST_F(HttpResponse, DoesNothingOnceItIsAnswered) {
  std::vector<Response> kept;
  handler_ = [&](const Request&, Response& response) {
    kept.push_back(response);
    if (kept.size() == 1) response.end("first");
  };
  Client client = connect();
  client.send(kGet + kGet);
  run_until([&] { return kept.size() == 2; });
  kept[0].write_head(500);
  EXPECT_FALSE(kept[0].write("wrong"));
  kept[0].end("wrong");
  kept[0].on_close([] { FAIL(); });
  kept[1].end("second");
  EXPECT_EQ(occurrences(client.receive("second"), "wrong"), 0);
}

}  // namespace
