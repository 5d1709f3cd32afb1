// A channel whose other end is a bare socket, on which the test says what it likes.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <uv.h>

#include <array>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ipc/lines.h"
#include "ipc/newconn.h"
#include "ipc/channel.h"
#include "fd_passing.h"

namespace ipc {

inline const std::string kHandle = R"({"cmd":"NODE_HANDLE","type":"net.Native","msg":"x"})";

inline long open_fds() {
  using Entries = std::filesystem::directory_iterator;
  return std::distance(Entries("/proc/self/fd"), Entries());
}

class TheChannel : public testing::Test {
 protected:
  TheChannel() { connect(kMaxLine); }

  void connect(std::size_t max_line) {
    Ends ends = socket_pair();
    peer_ = std::move(ends.worker);
    channel_.emplace(
        std::move(ends.primary),
        Channel::Events{
            .message = [this](const Message& m, net::SharedFd fd) { take(m, std::move(fd)); },
            .acknowledged =
                [this](std::int64_t seq, bool arrived) {
                  if (!arrived) lost_.push_back(seq);
                },
            .flushed = [this] { ++flushed_; },
            .end = [this](const std::string& error) { ended_.push_back(error); },
        },
        max_line);
  }

  void take(const Message& message, net::SharedFd fd) {
    const auto* user = std::get_if<User>(&message.body);
    texts_.push_back(user == nullptr ? "" : user->json);
    fds_.push_back(std::move(fd));
    taken_();
  }

  // Lets the channel do what it can do without waiting.
  static void turn() {
    for (int i = 0; i < 10; ++i) uv_run(uv_default_loop(), UV_RUN_NOWAIT);
  }

  void peer_says(const std::string& bytes, int fd = -1) {
    std::string_view rest = bytes;
    rest.remove_prefix(send_fd(peer_.get(), rest.substr(0, 1 << 16), fd));
    for (turn(); !rest.empty(); turn()) {
      rest.remove_prefix(send_fd(peer_.get(), rest.substr(0, 1 << 16), -1));
    }
  }

  // What has arrived at the peer, and how many descriptors.
  std::string peer_hears() {
    turn();
    std::string text;
    std::array<char, 65536> buffer;
    fcntl(peer_.get(), F_SETFL, O_NONBLOCK);
    try {
      while (true) {
        Received received = recv_fd(peer_.get(), buffer);
        if (received.fd) peer_fds_.push_back(std::move(received.fd));
        text.append(buffer.data(), received.size);
        if (received.size == 0) return text + "<end>";
        turn();
      }
    } catch (const std::system_error&) {
      return text;
    }
  }

  UniqueFd file_{open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};
  UniqueFd peer_;
  std::vector<std::string> texts_;
  std::vector<net::SharedFd> fds_;
  std::function<void()> taken_ = [] {};
  std::vector<UniqueFd> peer_fds_;
  std::vector<std::int64_t> lost_;
  std::vector<std::string> ended_;
  int flushed_ = 0;
  std::optional<Channel> channel_;
};

}  // namespace ipc
