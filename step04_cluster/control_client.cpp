#include "control_client.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <stdexcept>

#include "console.h"
#include "net/socket_file.h"
#include "sys_error.h"
#include "unique_fd.h"

namespace {

using std::chrono::milliseconds;

// Sends the question; the answer will come from the socket that it returns.
UniqueFd ask(const std::string& path, const std::string& request) {
  const sockaddr_un name = net::address_of_path(path);
  UniqueFd socket(check(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == -1)
    throw_errno(fmt::format("--control {} (is the server running, with the same option?)", path));
  const std::string text = request + " HTTP/1.0\r\n\r\n";
  if (send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL) == -1)
    throw_errno(fmt::format("--control {}: send {}", path, request));
  return socket;
}

bool is_readable(int socket, milliseconds patience) {
  pollfd readable = {socket, POLLIN, 0};
  int count;
  do {
    count = poll(&readable, 1, static_cast<int>(patience.count()));
  } while (count == -1 && errno == EINTR);  // a signal, or it was stopped and goes on
  return check(count, "poll") == 1;
}

// Any answer will do: this one says that there is no such page.
bool is_alive(const std::string& path, milliseconds patience) {
  return is_readable(ask(path, "GET /").get(), patience);
}

std::string answer_to(const std::string& path, const std::string& request, milliseconds patience) {
  const UniqueFd socket = ask(path, request);
  std::string text;
  std::array<char, 4096> buffer;
  while (true) {
    if (!is_readable(socket.get(), patience)) {
      if (is_alive(path, patience)) continue;  // a reload takes its time
      throw std::runtime_error(fmt::format(
          "--control {}: the server does not answer (it hangs, or is stopped; --patience "
          "says how long to wait)",
          path));
    }
    const ssize_t size = recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (size == -1) throw_errno(fmt::format("--control {}: read the answer to {}", path, request));
    if (size == 0) return text;
    text.append(buffer.data(), size);
  }
}

}  // namespace

int ask_server(const std::string& path, const std::string& request, milliseconds patience) {
  const std::string text = answer_to(path, request, patience);
  const std::size_t head = text.find("\r\n\r\n");
  std::string body = "the server has ended, or is too busy to answer";
  if (head != std::string::npos) body = text.substr(head + 4);
  if (body.ends_with('\n')) body.pop_back();
  if (!text.starts_with("HTTP/1.1 200 ")) {
    complain("cluster: " + body);
    return 1;
  }
  answer(body);
  return 0;
}
