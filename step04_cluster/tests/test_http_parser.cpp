#include "http/parser.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "http/head_check.h"
#include "http/request.h"
#include "http_reading.h"

namespace {

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
  EXPECT_EQ(Reading("OPTIONS * HTTP/1.0\r\n\r\n").request.path(), "*");
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

TEST(HttpParser, TakesATabForASpaceAroundValues) {
  for (const std::string space : {" ", "\t", " \t ", "\t\t", ""}) {
    for (const std::string& value : {space + "2", "2" + space, space + "2" + space}) {
      const Reading r(post("Content-Length:" + value + "\r\n", "hi"));
      EXPECT_EQ(r.request.body(), "hi") << value;
    }
    const std::string around = space + "chunked" + space + "\r\n";
    EXPECT_EQ(status_of(post("Transfer-Encoding:" + around, "2\r\nhi\r\n0\r\n\r\n")), 200)
        << around;
    const Reading last(
        get("Connection:" + space + "x" + space + "," + space + "close" + space + "\r\n"));
    EXPECT_EQ(last.status, 200) << around;
    EXPECT_FALSE(last.request.keeps_alive()) << around;
  }
  EXPECT_EQ(Reading(get("X: a\tb\r\n")).request.header("x"), "a\tb");
  EXPECT_EQ(status_of(post("Content-Length: 1\t1\r\n", "a")), 400);
}

TEST(HttpParser, RefusesNamesThatAreNone) {
  EXPECT_EQ(status_of(get(": a\r\n")), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n: a\r\nHost: b\r\n\r\n"), 400);
  EXPECT_EQ(status_of(get("A : b\r\n")), 400);
  EXPECT_EQ(status_of(get("A\r\n")), 400);
  EXPECT_EQ(status_of(get("A\tB: c\r\n")), 400);
  EXPECT_EQ(status_of(get("A(: c\r\n")), 400);
}

TEST(HttpParser, RefusesOtherLineEndsThanCrLf) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\nHost: a\n\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\n\n"), 400);
  EXPECT_EQ(status_of(get("A: b\rc\r\n")), 400);
  EXPECT_EQ(status_of(get("A: b\r\r\n")), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"), 400);
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
  const std::string length = "Content-Length: 1\r\n";
  const std::string encoding = "Transfer-Encoding: ";
  const std::string chunks = encoding + "chunked\r\n";
  const std::vector<std::pair<std::string, int>> expected = {
      {length + chunks, 400},
      {length + length, 400},
      {chunks + chunks, 400},
      {chunks + encoding + "gzip\r\n", 400},
      {encoding + "gzip\r\n" + encoding + "chunked, gzip\r\n", 400},
      {encoding + "gzip\r\n" + chunks, 501}};
  for (const auto& [fields, status] : expected) {
    http::Request request;
    request.head_text() = post(fields, "");
    ASSERT_TRUE(request.split_head());
    EXPECT_EQ(http::check_head(request), status) << fields;
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
  EXPECT_EQ(status("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"), 501);
  EXPECT_EQ(status("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked, gzip\r\n"), 400);
  EXPECT_EQ(status("Transfer-Encoding: identity\r\n"), 501);
  EXPECT_EQ(status("Transfer-Encoding: chunked, gzip\r\n"), 400);
  EXPECT_EQ(status("Transfer-Encoding: chunked, chunked\r\n"), 400);
  EXPECT_EQ(status("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n"), 400);
  EXPECT_EQ(status("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400);
  EXPECT_EQ(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks), 400);
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
