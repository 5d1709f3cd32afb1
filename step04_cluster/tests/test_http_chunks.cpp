#include <gtest/gtest.h>

#include <string>

#include "http/grammar.h"
#include "http_reading.h"

namespace {

// All that may follow the size of a chunk.
const auto kExtensions = {";a=b;c=d",
                          ";a",
                          ";a;b=c",
                          " ; a = b",
                          "\t;\ta\t=\tb ;c",
                          ";a=\"b c;d=e\"",
                          ";a=\"\"",
                          ";a=\"\\\"x\"",
                          ";a=\"\\\\\"",
                          ";a=\"\t\"",
                          ";a=\"\\\t\xc3\xa4\"",
                          ";!#$%&'*+-.^_`|~=1"};

// And what may not.
const auto kWrongExtensions = {
    " ",         "\t",        ";",           ";;a",           ";a;",         ";a=",
    ";a=;b",     ";=b",       ";a=b c",      ";a b",          ";a=\"b",      ";a=\"b\\\"",
    ";a=\"b\"c", ";a=b\"c\"", ";a=\"\x01\"", ";a=\"\\\x01\"", ";a=\"\x7f\"", ";a=\"b\rc\"",
    ";a\r",      ";a=b,c",    ";a=b=c",      ";a ",           " a",          "x",
    ",a",        ";\xc3\xa4", ";(a)",        ";a=b ",         ";a=\"b\\"};

TEST(HttpChunks, IgnoresExtensions) {
  for (const std::string extension : kExtensions) {
    EXPECT_TRUE(http::are_chunk_extensions(extension)) << extension;
    const std::string text = chunked("2" + extension + "\r\nhi\r\n0" + extension + "\r\n\r\nNEXT");
    for (std::size_t size = 1; size <= text.size(); ++size) {
      const Reading r(text, size);
      EXPECT_EQ(r.status, 200) << extension << " in pieces of " << size;
      EXPECT_EQ(r.request.body(), "hi") << extension;
      EXPECT_EQ(text.substr(text.size() - 4), "NEXT");
    }
    EXPECT_EQ(Reading(text).rest, "NEXT") << extension;
  }
}

TEST(HttpChunks, RefusesExtensionsThatAreNone) {
  for (const std::string extension : kWrongExtensions) {
    EXPECT_FALSE(http::are_chunk_extensions(extension)) << extension;
    EXPECT_EQ(status_of(chunked("2" + extension + "\r\nhi\r\n0\r\n\r\n")), 400) << extension;
    EXPECT_EQ(status_of(chunked("0" + extension + "\r\n\r\n")), 400) << extension;
  }
  EXPECT_EQ(status_of(chunked(std::string("2;a=\"\0\"\r\nhi\r\n0\r\n\r\n", 18))), 400);
}

// A line end in quotes would be the end for one program, and not for another.
TEST(HttpChunks, RefusesALineEndInQuotes) {
  for (const std::string line :
       {"2;a=\"\r\nhi\"\r\nhi\r\n", "2;a=\"\nhi\"\r\nhi\r\n", "2;a\nhi\r\nhi\r\n",
        "2;a=\"\\\r\n\"\r\nhi\r\n", "2;\nhi\r\n0\r\n\r\n"}) {
    EXPECT_EQ(status_of(chunked(line + "0\r\n\r\n")), 400) << line;
  }
}

TEST(HttpChunks, RefusesWrongChunks) {
  for (const std::string body :
       {"g\r\n", "-1\r\na", "0x1\r\na\r\n", " 1\r\na\r\n", "\r\n", "10000000000000000\r\n",
        "fffffffffffffffff\r\n", "1\r\nab\r\n", "1 \r\na\r\n", "1\r\na0\r\n\r\n"}) {
    EXPECT_NE(status_of(chunked(body)), 200) << body;
    EXPECT_GE(status_of(chunked(body)), 400) << body;
  }
}

TEST(HttpChunks, IgnoresTrailers) {
  const std::string body = "1\r\na\r\n0\r\n";
  for (const std::string trailers : {"T: u\r\n", "T:\r\nU:\tv\r\n", "Digest: \xc3\xa4\r\n"}) {
    EXPECT_EQ(status_of(chunked(body + trailers + "\r\n")), 200) << trailers;
    EXPECT_EQ(Reading(chunked(body + trailers + "\r\nNEXT")).rest, "NEXT") << trailers;
    EXPECT_EQ(Reading(chunked(body + trailers + "\r\n")).request.header("T"), std::nullopt);
  }
}

TEST(HttpChunks, IsAsStrictWithTrailersAsWithHeaders) {
  for (const std::string trailer :
       {"T", ": u", "T : u", "T\t: u", " T: u", "\tT: u", "T(: u", "T: \x01", "T: \x7f", "T: a\rb",
        "T: u\r", "T: u\n", "T: u\r\n v", "Content-Length: 1", "Transfer-Encoding: chunked",
        "host: b", "Expect: 100-continue"}) {
    EXPECT_EQ(status_of(chunked("1\r\na\r\n0\r\n" + trailer + "\r\n\r\n")), 400) << trailer;
  }
  EXPECT_EQ(status_of(chunked(std::string("0\r\nT: \0\r\n\r\n", 11))), 400);
}

}  // namespace
