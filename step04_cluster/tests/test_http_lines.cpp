#include <gtest/gtest.h>

#include <string>

#include "http/grammar.h"
#include "http_reading.h"

namespace {

TEST(HttpLines, RefusesAnUnclearRequestLine) {
  for (const std::string line : {"GET  / HTTP/1.1",
                                 "GET /  HTTP/1.1",
                                 "GET / a HTTP/1.1",
                                 " GET / HTTP/1.1",
                                 "GET / ",
                                 "GET /",
                                 "GET / http/1.1",
                                 "GET / RTSP/1.0",
                                 "SOURCE / ICE/1.0",
                                 "PLAY / RTSP/1.0",
                                 "GET / HTTP/1",
                                 "GET / HTTP/01.01",
                                 "GET / HTTP/ 1.1",
                                 "GET / HTTP/1.x",
                                 "GET / HTTP/1.1 ",
                                 "GET / HTTP/1.1\r",
                                 "GET / HTTP/1,1",
                                 "GET / HTTP/-1.1",
                                 "G@T / HTTP/1.1",
                                 "FOO / HTTP/1",
                                 "FOO",
                                 "GET\t/ HTTP/1.1",
                                 "GET",
                                 "\x16\x03\x01 / HTTP/1.1"}) {
    EXPECT_EQ(status_of(line + "\r\nHost: a\r\n\r\n"), 400) << line;
  }
}

TEST(HttpLines, RefusesOtherVersionsAndConnect) {
  for (const std::string version : {"0.9", "1.2", "2.0", "3.0", "9.9"}) {
    EXPECT_EQ(status_of("GET / HTTP/" + version + "\r\nHost: a\r\n\r\n"), 505) << version;
  }
  EXPECT_EQ(status_of("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"), 501);
  EXPECT_EQ(status_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 400);
}

TEST(HttpLines, NobodyKnowsOtherMethods) {
  for (const std::string method :
       {"QUERY", "FOO", "GETX", "get", "Get", "M-SEARCHES", "SOURCE", "PLAY", "a!#$%&'*+.^_`|~9"}) {
    EXPECT_EQ(status_of(method + " / HTTP/1.1\r\nHost: a\r\n\r\n"), 501) << method;
    EXPECT_EQ(status_of(method + " x HTTP/1.1\r\nHost: a\r\n\r\n"), 400) << method;
    EXPECT_EQ(status_of(method + " / HTTP/2.0\r\nHost: a\r\n\r\n"), 505) << method;
  }
  for (const std::string method : {"HEAD", "PATCH", "PROPFIND", "M-SEARCH"}) {
    EXPECT_EQ(status_of(method + " / HTTP/1.1\r\nHost: a\r\n\r\n"), 200) << method;
  }
}

TEST(HttpLines, WhatIsNoRequestIsRefusedBeforeItsLineEnds) {
  EXPECT_EQ(Reading("\x16\x03\x01").status, 400);
  EXPECT_EQ(Reading("FOO /\x01").status, 400);
  EXPECT_EQ(Reading("FOO / HTTP/1.1\r").status, 0);
}

TEST(HttpLines, RefusesTwoHostsNoHostAndAWrongHost) {
  EXPECT_EQ(status_of(get("Host: a\r\n")), 400);
  EXPECT_EQ(status_of(get("hOST: b\r\n")), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.0\r\n\r\n"), 200);
  EXPECT_EQ(status_of("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"), 200);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 200);
}

TEST(HttpLines, AHostIsAName) {
  for (const char* host : {"", "x", "x:80", "x:", "x:0", "x:65535", "x:00080", "127.0.0.1:8000",
                           "a.b-c_d~e", "a%41", "a;b", "x!$&'()*+=z", "[::1]", "[::1]:80", "[::1]:",
                           "[1:2:3:4:5:6:7:8]", "[::ffff:127.0.0.1]", "[v1.x]", "[vA.a:b]"}) {
    EXPECT_TRUE(http::is_host(host)) << host;
  }
  for (const char* host : {"a\"b",
                           "a<b>",
                           "a{b",
                           "a|b",
                           "a^b",
                           "a`b",
                           "a\\b",
                           "x:abc",
                           "a:b:c",
                           "x:80a",
                           "x:-1",
                           "x:+1",
                           "x: 1",
                           "x:65536",
                           "x:99999999999999999999",
                           "::1",
                           "[::1",
                           "::1]",
                           "[::1]x",
                           "x[::1]",
                           "[]",
                           "[]:80",
                           "[::1]]",
                           "[[::1]]",
                           "[x]",
                           "[1:2]",
                           "[::1%25eth0]",
                           "[127.0.0.1]",
                           "[v1.]",
                           "[v.x]",
                           "[v1x]",
                           "[v1.a/b]",
                           "a%zz",
                           "a%4",
                           "a%",
                           "\xc3\xa4",
                           "a b",
                           "a/b",
                           "a?b",
                           "a#b",
                           "a@b",
                           "a\tb",
                           "[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb]"}) {
    EXPECT_FALSE(http::is_host(host)) << host;
  }
  EXPECT_FALSE(http::is_host(std::string_view("[::1\0]", 6)));
  EXPECT_FALSE(http::is_host(std::string_view("a\0", 2)));
}

TEST(HttpLines, ATargetHasOneOfFourForms) {
  for (const char* target : {"/", "//", "/a%20b?c=d", "/a:b@c;d=e", "/?", "/?a/b?c",
                             "/?a[]=1&b={}|^`", "/?100%", "http://a", "http://a/", "http://a?b",
                             "HTTP://a:80/b?c", "https://[::1]:8000/x", "a+b-c.9://d/"}) {
    EXPECT_TRUE(http::is_target(target, "GET")) << target;
    EXPECT_FALSE(http::is_target(target, "CONNECT")) << target;
  }
  for (const char* target : {"",
                             "a",
                             "*",
                             "a/b",
                             "?a",
                             "/a#b",
                             "/a?b#c",
                             "/a\"",
                             "/<a>",
                             "/a\\b",
                             "/{a}",
                             "/%",
                             "/%4",
                             "/%zz",
                             "/\xc3\xa4",
                             "/a b",
                             "/\x7f",
                             "http:",
                             "http:/a",
                             "http://",
                             "http:///a",
                             "http://?a",
                             "://a/",
                             "1a://b/",
                             "h_p://b/",
                             "http://:80/",
                             "http://u@a/",
                             "http://u:p@a/",
                             "http://a:b/",
                             "http://a:99999/",
                             "http://a/#b",
                             "http://[::1/",
                             "a:80",
                             "**",
                             "*/"}) {
    EXPECT_FALSE(http::is_target(target, "GET")) << target;
  }
  EXPECT_TRUE(http::is_target("*", "OPTIONS"));
  EXPECT_TRUE(http::is_target("/", "OPTIONS"));
  for (const char* target : {"a:80", "[::1]:443", "127.0.0.1:0"}) {
    EXPECT_TRUE(http::is_target(target, "CONNECT")) << target;
  }
  for (const char* target :
       {"a", "a:", ":80", "[::1]", "[::1]:", "a:99999", "u@a:80", "*", "/", "http://a:80"}) {
    EXPECT_FALSE(http::is_target(target, "CONNECT")) << target;
  }
}

TEST(HttpLines, AnotherTargetIsRefused) {
  for (const std::string request :
       {"GET *", "GET a:80", "GET /a#b", "GET http://u@a/", "GET http://a:99999/", "OPTIONS a",
        "CONNECT /", "CONNECT a", "GET http:/a"}) {
    EXPECT_EQ(status_of(request + " HTTP/1.1\r\nHost: a\r\n\r\n"), 400) << request;
  }
  EXPECT_EQ(status_of("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
  EXPECT_EQ(status_of("GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
}

}  // namespace
