#include "http.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace {

// What a client gets that sends `request` and then closes its half. A pair of connected
// Unix-domain sockets behaves like a TCP connection here, and needs no port.
std::string answer_to(const std::string& request) {
  int ends[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd client(ends[0]);
  EXPECT_EQ(write(client.get(), request.data(), request.size()), (ssize_t)request.size());
  shutdown(client.get(), SHUT_WR);
  serve(UniqueFd(ends[1]), "Hello world\n");

  std::string answer(10000, '\0');
  answer.resize(recv(client.get(), answer.data(), answer.size(), MSG_WAITALL));
  return answer;
}

TEST(Serve, AnswersARequest) {
  std::string answer = answer_to("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
  const std::size_t begin = answer.find("Date: ");
  ASSERT_NE(begin, answer.npos);
  answer.replace(begin, date.size(), date);
  EXPECT_EQ(answer, "HTTP/1.1 200 OK\r\n" + date +
                        "Content-Type: text/plain\r\n"
                        "Content-Length: 12\r\n"
                        "Connection: close\r\n"
                        "X-Worker-Pid: " +
                        std::to_string(getpid()) +
                        "\r\n"
                        "\r\n"
                        "Hello world\n");
}

TEST(Serve, SendsNoBodyAfterAHeadRequest) {
  const std::string answer = answer_to("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(answer.find("Content-Length: 12\r\n"), answer.npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST(Serve, KnowsARequestLineWhenItSeesOne) {
  for (const char* line : {"GET / HTTP/1.1", "OPTIONS * HTTP/1.0", "PUT /a?b=c HTTP/1.1"}) {
    const std::string request = std::string(line) + "\r\nHost: a\r\n\r\n";
    EXPECT_TRUE(answer_to(request).starts_with("HTTP/1.1 200")) << line;
  }
  for (const char* line : {"GET", "GET /", "GET  HTTP/1.1", "GET / HTTP/1.1 ", " / HTTP/1.1",
                           "GET /\x01 HTTP/1.1", "get / HTTP/1.1", "GET / HTTP/1.2"}) {
    const std::string request = std::string(line) + "\r\nHost: a\r\n\r\n";
    EXPECT_TRUE(answer_to(request).starts_with("HTTP/1.1 400")) << line;
  }
}

TEST(Serve, WantsToBeToldOneHost) {
  for (const char* head : {"GET / HTTP/1.1\r\nhOST:a", "GET / HTTP/1.1\r\nX: Host:\r\nHost: a",
                           "GET / HTTP/1.0", "GET / HTTP/1.0\r\nHost: a"}) {
    EXPECT_TRUE(answer_to(std::string(head) + "\r\n\r\n").starts_with("HTTP/1.1 200")) << head;
  }
  for (const char* head :
       {"GET / HTTP/1.1", "GET / HTTP/1.1\r\nX: Host: a", "GET / HTTP/1.1\r\nXHost: a",
        "GET / HTTP/1.1\r\nHost: a\r\nhost: a", "GET / HTTP/1.0\r\nHost: a\r\nHost: b"}) {
    const std::string request = std::string(head) + "\r\n\r\nHost: body\r\n";
    EXPECT_TRUE(answer_to(request).starts_with("HTTP/1.1 400")) << head;
  }
}

TEST(Serve, SkipsEmptyLinesInFrontOfARequest) {
  const std::string answer = answer_to("\r\n\r\nHEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
  EXPECT_EQ(answer_to("\r\n\r\n"), "");
}

TEST(Serve, LimitsTheHead) {
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  const std::string fits(16 * 1024 - start.size() - 4, 'x');
  EXPECT_TRUE(answer_to(start + fits + "\r\n\r\n").starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(answer_to(start + fits + "x\r\n\r\n").starts_with("HTTP/1.1 431"));
}

TEST(Serve, SaysNothingToAClientThatSaysNothing) {
  EXPECT_EQ(answer_to(""), "");
}

TEST(Serve, SurvivesAClientThatIsGone) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_EQ(write(ends[0], request.data(), request.size()), (ssize_t)request.size());
  close(ends[0]);
  serve(UniqueFd(ends[1]), "Hello world\n");
}

}  // namespace
