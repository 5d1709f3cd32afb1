// A client on a real TCP connection, and a server to go with it, both in this process: while the
// client waits for an answer, it lets the server's event loop go round.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/server.h"
#include "unique_fd.h"

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// Lets the loop go round until `is_done`. Returns false if that takes longer than `patience`.
inline bool run_until(const std::function<bool()>& is_done,
                      milliseconds patience = milliseconds(10'000)) {
  const auto deadline = Clock::now() + patience;
  while (!is_done()) {
    if (Clock::now() >= deadline) return false;
    if (uv_run(uv_default_loop(), UV_RUN_NOWAIT) != 0) poll(nullptr, 0, 0);
  }
  return true;
}

inline void run_for(milliseconds time) {
  run_until([] { return false; }, time);
}

// How often `part` occurs in `text`.
inline int occurrences(std::string_view text, std::string_view part) {
  int count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) ++count;
  return count;
}

// The answer without its Date, the only thing in it that depends on when it was made.
inline std::string without_date(std::string text) {
  for (std::size_t at = 0; (at = text.find("Date: ")) != text.npos;) {
    text.erase(at, text.find('\n', at) + 1 - at);
  }
  return text;
}

class Client {
 public:
  explicit Client(UniqueFd socket) : socket_(std::move(socket)) {}

  // Sends all of it, letting the loop go round while the connection is full. Returns false if that
  // is not possible.
  bool send(std::string_view text) {
    run_until([&] {
      const ssize_t sent = ::send(fd(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent == -1 && errno != EAGAIN) return true;
      text.remove_prefix(std::max<ssize_t>(sent, 0));
      return text.empty();
    });
    return text.empty();
  }

  // Sends a short text, which lies in the server's kernel then: the loop has not gone round.
  void send_without_loop(std::string_view text) {
    EXPECT_EQ(::send(fd(), text.data(), text.size(), MSG_NOSIGNAL), std::ssize(text));
  }

  // What has come so far; and after waiting until something is true for it.
  const std::string& received() { return read(), text_; }
  const std::string& receive(const std::function<bool(const std::string&)>& is_enough) {
    EXPECT_TRUE(run_until([&] { return is_enough(received()) || has_ended_; })) << text_;
    return text_;
  }

  // Waits for `text`; for the end of the connection.
  const std::string& receive(std::string_view text) {
    receive([=](const std::string& all) { return all.find(text) != all.npos; });
    EXPECT_NE(text_.find(text), text_.npos) << text_;
    return text_;
  }
  const std::string& receive_all() {
    return receive([](const std::string&) { return false; });
  }

  void half_close() { shutdown(fd(), SHUT_WR); }
  void close() { socket_ = UniqueFd(); }
  void reset() {
    const linger at_once = {1, 0};
    setsockopt(fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close();
  }

  bool has_ended() { return read(), has_ended_; }
  bool was_reset() const { return was_reset_; }
  int fd() const { return socket_.get(); }

 private:
  void read() {
    std::array<char, 65536> buffer;
    while (!has_ended_) {
      const ssize_t size = recv(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (size == -1 && errno == EAGAIN) return;
      was_reset_ = size == -1;
      has_ended_ = size <= 0;
      if (size > 0) text_.append(buffer.data(), size);
    }
  }

  UniqueFd socket_;
  std::string text_;
  bool has_ended_ = false;
  bool was_reset_ = false;
};

// A server on the loopback interface. What its handler does can be set in a test.
class HttpTest : public testing::Test {
 protected:
  HttpTest() {
    signal(SIGPIPE, SIG_IGN);
    listener_ = UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    setsockopt(listener_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    sockaddr_in any = {};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&any), sizeof(any)), 0);
    EXPECT_EQ(listen(listener_.get(), 100), 0);
  }

  // Every test ends with all connections closed and nothing left in the loop.
  ~HttpTest() override {
    if (server_) {
      EXPECT_TRUE(run_until([&] { return server_->open_connections() == 0; }));
      server_.reset();
    }
    EXPECT_TRUE(run_until([] { return uv_run(uv_default_loop(), UV_RUN_NOWAIT) == 0; }));
  }

  http::Server& server() {
    if (!server_) {
      server_ = std::make_unique<http::Server>(
          [this](const http::Request& request, http::Response& response) {
            ++handled_;
            handler_(request, response);
          },
          options_);
    }
    return *server_;
  }

  // A client whose connection the server has taken. A small buffer makes it a slow reader.
  Client connect(int receive_buffer = 0) {
    sockaddr_in address = {};
    socklen_t size = sizeof(address);
    getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    UniqueFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (receive_buffer > 0) {
      setsockopt(client.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    }
    EXPECT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    UniqueFd taken(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    server().connections()->take(std::move(taken));
    return Client(std::move(client));
  }

  // The whole answer to `request`, after which the client half-closes.
  std::string answer_to(std::string_view request) {
    Client client = connect();
    client.send(request);
    client.half_close();
    return client.receive_all();
  }

  http::Options options_;
  http::Handler handler_ = [](const http::Request&, http::Response& response) {
    response.write_head(200);
    response.end("Hello world\n");
  };
  int handled_ = 0;  // requests

 private:
  UniqueFd listener_;
  std::unique_ptr<http::Server> server_;
};
