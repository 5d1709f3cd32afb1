#include "http/parser.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "http/head_check.h"
#include "http/request.h"

namespace {

using Result = http::Parser::Result;

// Reads `text` in pieces of `size` bytes. Returns the status of the refusal, 200 for a complete
// request, 0 if it is not complete.
class Reading {
 public:
  explicit Reading(std::string_view text, std::size_t size = 1'000'000, http::Options options = {})
      : options_(std::move(options)) {
    parser_.begin(options_, request);
    while (!text.empty() && status == 0) {
      std::string piece(text.substr(0, size));  // a copy: reading beyond its end is seen
      std::string_view bytes = piece;
      feed(bytes);
      text.remove_prefix(piece.size() - bytes.size());
    }
    rest = text;
  }

  http::Request request;
  int status = 0;
  int continues = 0;
  std::string rest;

 private:
  void feed(std::string_view& bytes) {
    Result result = Result::kContinue;
    while (result == Result::kContinue) {
      result = parser_.feed(bytes);
      continues += result == Result::kContinue;
      if (bytes.empty()) break;
    }
    if (result == Result::kComplete) status = 200;
    if (result == Result::kRefused) status = parser_.refusal();
  }

  const http::Options options_;
  http::Parser parser_;
};

// The status for `text`; it must not depend on how the bytes arrive.
int status_of(std::string_view text, const http::Options& options = {}) {
  const int status = Reading(text, 1'000'000, options).status;
  for (const std::size_t size : {1u, 2u, 3u, 7u}) {
    EXPECT_EQ(Reading(text, size, options).status, status) << "in pieces of " << size;
  }
  return status;
}

std::string get(const std::string& fields) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

std::string post(const std::string& fields, const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + body;
}

std::string chunked(const std::string& body) {
  return post("Transfer-Encoding: chunked\r\n", body);
}

TEST(HttpParser, TakesARequestApart) {
  const Reading r("GET /a%20b?c=d HTTP/1.1\r\nHost: h\r\nX-Y:  z \t\r\nEmpty:\r\n\r\nmore");
  EXPECT_EQ(r.status, 200);
  EXPECT_EQ(r.request.method(), "GET");
  EXPECT_EQ(r.request.target(), "/a%20b?c=d");
  EXPECT_EQ(r.request.header("host"), "h");
  EXPECT_EQ(r.request.header("x-y"), "z");
  EXPECT_EQ(r.request.header("Empty"), "");
  EXPECT_EQ(r.request.header("Other"), std::nullopt);
  EXPECT_EQ(r.request.version_minor(), 1);
  EXPECT_EQ(r.rest, "more");
}

TEST(HttpParser, ReadsTheSameInPiecesOfAnySize) {
  const std::string text =
      chunked("3\r\nabc\r\n10;x=\"y\"\r\n0123456789abcdef\r\n0\r\nT: u\r\n\r\n");
  for (std::size_t size = 1; size <= text.size(); ++size) {
    const Reading r(text, size);
    EXPECT_EQ(r.status, 200) << size;
    EXPECT_EQ(r.request.header("host"), "a") << size;
    EXPECT_EQ(r.request.body(), "abc0123456789abcdef") << size;
  }
}

TEST(HttpParser, ReadsABodyByItsLength) {
  const Reading r(post("Content-Length: 3\r\n", "abcGET"));
  EXPECT_EQ(r.status, 200);
  EXPECT_EQ(r.request.body(), "abc");
  EXPECT_EQ(r.rest, "GET");
}

TEST(HttpParser, StopsExactlyAtTheEndOfARequest) {
  for (const std::string& text : {get(""), chunked("1\r\na\r\n0\r\n\r\n"),
                                  get("Connection: Upgrade\r\nUpgrade: websocket\r\n")}) {
    EXPECT_EQ(Reading(text + "NEXT").rest, "NEXT") << text;
    EXPECT_EQ(Reading(text + "NEXT").status, 200) << text;
  }
}

TEST(HttpParser, KnowsWhetherTheClientWillUseTheConnectionAgain) {
  const auto keeps_alive = [](const std::string& version, const std::string& field) {
    return Reading("GET / HTTP/" + version + "\r\nHost: a\r\n" + field + "\r\n")
        .request.keeps_alive();
  };
  EXPECT_TRUE(keeps_alive("1.1", ""));
  EXPECT_FALSE(keeps_alive("1.1", "Connection: close\r\n"));
  EXPECT_FALSE(keeps_alive("1.1", "Connection: x, Close\r\n"));
  EXPECT_FALSE(keeps_alive("1.0", ""));
  EXPECT_TRUE(keeps_alive("1.0", "Connection: keep-alive\r\n"));
  EXPECT_FALSE(keeps_alive("1.0", "Connection: close, keep-alive\r\n"));
}

TEST(HttpParser, FindsThePathInEveryFormOfTarget) {
  const auto path = [](const std::string& target) {
    return std::string(Reading("GET " + target + " HTTP/1.0\r\n\r\n").request.path());
  };
  EXPECT_EQ(path("/a/b?c=/d"), "/a/b");
  EXPECT_EQ(path("http://host:80/a?b"), "/a");
  EXPECT_EQ(path("http://host"), "/");
  EXPECT_EQ(path("http://host?a=/b"), "/");
  EXPECT_EQ(path("*"), "*");
}

TEST(HttpParser, DecodesTheQuery) {
  const Reading r("GET /?a=1&b&c=%41%2&d=x+y&a=2&%65=%00 HTTP/1.0\r\n\r\n");
  EXPECT_EQ(r.request.query("a"), "1");
  EXPECT_EQ(r.request.query("b"), "");
  EXPECT_EQ(r.request.query("c"), "A%2");
  EXPECT_EQ(r.request.query("d"), "x y");
  EXPECT_EQ(r.request.query("e"), std::string(1, '\0'));
  EXPECT_EQ(r.request.query("f"), std::nullopt);
}

TEST(HttpParser, RefusesALineContinuedOnTheNext) {
  const std::string text = get("A: b\r\n c\r\n");
  for (std::size_t size = 1; size <= text.size(); ++size) {
    EXPECT_EQ(Reading(text, size).status, 400) << size;
  }
  EXPECT_EQ(status_of(get("A:\r\n\tb\r\n")), 400);
  EXPECT_EQ(status_of(get("A: b\r\n C: d\r\n")), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), 400);
}

TEST(HttpParser, RefusesTwoHostsNoHostAndAWrongHost) {
  EXPECT_EQ(status_of(get("Host: a\r\n")), 400);
  EXPECT_EQ(status_of(get("hOST: b\r\n")), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.0\r\n\r\n"), 200);
  EXPECT_EQ(status_of("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"), 200);
}

TEST(HttpParser, RefusesNamesThatAreNone) {
  EXPECT_EQ(status_of(get(": a\r\n")), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n: a\r\nHost: b\r\n\r\n"), 400);
  EXPECT_EQ(status_of(get("A : b\r\n")), 400);
  EXPECT_EQ(status_of(get("A\r\n")), 400);
  EXPECT_EQ(status_of(get("A\tB: c\r\n")), 400);
  EXPECT_EQ(status_of(get("A(: c\r\n")), 400);
}

// Versions of llhttp differ in whether the wrong byte is a part of the HTTP version, or of the end
// of the line. Either is a right answer.
bool refuses_the_first_line(const std::string& text) {
  const int status = status_of(text);
  return status == 400 || status == 505;
}

TEST(HttpParser, RefusesOtherLineEndsThanCrLf) {
  EXPECT_PRED1(refuses_the_first_line, "GET / HTTP/1.1\nHost: a\n\n");
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\n\n"), 400);
  EXPECT_EQ(status_of(get("A: b\rc\r\n")), 400);
  EXPECT_EQ(status_of(get("A: b\r\r\n")), 400);
  EXPECT_PRED1(refuses_the_first_line, "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n");
  EXPECT_EQ(status_of(chunked("1\na\r\n0\r\n\r\n")), 400);
  EXPECT_EQ(status_of(chunked("1\r\na\n0\r\n\r\n")), 400);
  EXPECT_EQ(status_of(chunked("1\r\na\r\n0\n\r\n")), 400);
  EXPECT_EQ(status_of(chunked("0\r\n\n")), 400);
  EXPECT_EQ(status_of(chunked("0\r\nT: u\r\n\n")), 400);
  EXPECT_EQ(status_of(chunked("0\r\nT: u\n\r\n")), 400);
  EXPECT_EQ(status_of(chunked("0\r\nT: u\nV: w\r\n\r\n")), 400);
}

TEST(HttpParser, SplitsNoHeadThatAnotherProgramCouldSplitElsewhere) {
  for (const std::string head :
       {"GET / HTTP/1.1\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\n\r\n", "\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n", "GET / HTTP/1.1\r\n\r\nHost: a\r\n\r\n"}) {
    http::Request request;
    request.head_text() = head;
    EXPECT_FALSE(request.split_head()) << head;
  }
}

TEST(HttpParser, RefusesControlCharacters) {
  for (const char c : {'\0', '\1', '\v', '\f', '\x7f'}) {
    EXPECT_EQ(status_of(get(std::string("A: b") + c + "c\r\n")), 400) << int{c};
    EXPECT_EQ(status_of(get(std::string("A") + c + ": c\r\n")), 400) << int{c};
    EXPECT_EQ(status_of(std::string("GET /") + c + " HTTP/1.1\r\nHost: a\r\n\r\n"), 400) << int{c};
  }
  EXPECT_EQ(status_of("GET /\t HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
}

TEST(HttpParser, RefusesAnUnclearRequestLine) {
  for (const std::string line :
       {"GET  / HTTP/1.1", "GET /  HTTP/1.1", "GET / a HTTP/1.1", " GET / HTTP/1.1", "GET / ",
        "GET /", "get / HTTP/1.1", "GET / http/1.1", "GET / RTSP/1.0", "SOURCE / ICE/1.0",
        "PLAY / RTSP/1.0", "GET\t/ HTTP/1.1", "GET", "\x16\x03\x01 / HTTP/1.1"}) {
    EXPECT_EQ(status_of(line + "\r\nHost: a\r\n\r\n"), 400) << line;
  }
}

TEST(HttpParser, RefusesOtherVersionsAndConnect) {
  for (const std::string version : {"0.9", "1.2", "2.0", "3.0", "9.9"}) {
    EXPECT_EQ(status_of("GET / HTTP/" + version + "\r\nHost: a\r\n\r\n"), 505) << version;
  }
  EXPECT_EQ(status_of("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"), 501);
  EXPECT_EQ(status_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 400);
}

TEST(HttpParser, RefusesUnclearLengths) {
  for (const std::string length : {"+1", "-1", "1, 1", "1 1", "0x1", "1a", "",
                                   "18446744073709551616", "99999999999999999999999"}) {
    EXPECT_EQ(status_of(post("Content-Length: " + length + "\r\n", "a")), 400) << length;
  }
  EXPECT_EQ(status_of(post("Content-Length: 1\r\nContent-Length: 1\r\n", "a")), 400);
  EXPECT_EQ(status_of(post("Content-Length: 1\r\nContent-Length: 2\r\n", "a")), 400);
  EXPECT_EQ(status_of(post("Content-Length: 0\r\nContent-Length: 0\r\n", "")), 400);
}

// llhttp refuses them, too, but whether it does depends on how it was built.
TEST(HttpParser, ChecksLengthsItself) {
  const std::string both = "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n";
  for (const std::string& fields :
       {both, std::string("Content-Length: 1\r\nContent-Length: 1\r\n")}) {
    http::Request request;
    request.head_text() = post(fields, "");
    ASSERT_TRUE(request.split_head());
    EXPECT_EQ(http::check_head(request), 400) << fields;
  }
}

TEST(HttpParser, RefusesUnclearEncodings) {
  const std::string chunks = "0\r\n\r\n";
  const auto status = [&](const std::string& fields) { return status_of(post(fields, chunks)); };
  EXPECT_EQ(status("Transfer-Encoding: Chunked\r\n"), 200);
  EXPECT_EQ(status("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400);
  EXPECT_EQ(status("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400);
  EXPECT_EQ(status("Content-Length: 5\r\nTransfer-Encoding: gzip\r\n"), 400);
  EXPECT_EQ(status("Transfer-Encoding: gzip\r\n"), 501);
  EXPECT_EQ(status("Transfer-Encoding: xchunked\r\n"), 501);
  EXPECT_EQ(status("Transfer-Encoding: gzip, chunked\r\n"), 501);
  EXPECT_EQ(status("Transfer-Encoding: identity\r\n"), 501);
  EXPECT_EQ(status("Transfer-Encoding: chunked, gzip\r\n"), 400);
  EXPECT_EQ(status("Transfer-Encoding: chunked, chunked\r\n"), 400);
  EXPECT_EQ(status("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n"), 400);
  EXPECT_EQ(status("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400);
  EXPECT_EQ(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks), 400);
}

TEST(HttpParser, RefusesWrongChunks) {
  for (const std::string body :
       {"g\r\n", "-1\r\na", "0x1\r\na\r\n", " 1\r\na\r\n", "\r\n", "10000000000000000\r\n",
        "fffffffffffffffff\r\n", "1\r\nab\r\n", "1 \r\na\r\n", "1\r\na0\r\n\r\n"}) {
    EXPECT_NE(status_of(chunked(body)), 200) << body;
    EXPECT_GE(status_of(chunked(body)), 400) << body;
  }
}

TEST(HttpParser, RefusesOtherExpectationsThanContinue) {
  EXPECT_EQ(status_of(get("Expect: 200-ok\r\n")), 417);
  EXPECT_EQ(Reading(post("Expect: 100-Continue\r\nContent-Length: 1\r\n", "a")).continues, 1);
  EXPECT_EQ(Reading(get("Expect: 100-continue\r\n")).continues, 0);
  EXPECT_EQ(
      Reading("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na").continues,
      0);
}

}  // namespace
