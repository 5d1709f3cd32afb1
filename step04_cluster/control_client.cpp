#include "control_client.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cstdio>

#include "console.h"
#include "net/socket_file.h"
#include "sys_error.h"
#include "unique_fd.h"

namespace {

constexpr int kPatience = 60;  // seconds; a reload takes its time

UniqueFd connect_to(const std::string& path) {
  const sockaddr_un name = net::address_of_path(path);
  UniqueFd socket(check(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
  const timeval patience = {.tv_sec = kPatience, .tv_usec = 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == -1)
    throw_errno("--control " + path + " (is the server running, with the same option?)");
  return socket;
}

std::string read_to_end(int socket) {
  std::string text;
  std::array<char, 4096> buffer;
  while (const ssize_t size = check(recv(socket, buffer.data(), buffer.size(), 0), "the answer"))
    text.append(buffer.data(), size);
  return text;
}

}  // namespace

int ask_server(const std::string& path, const std::string& request) {
  const UniqueFd socket = connect_to(path);
  const std::string text = request + " HTTP/1.0\r\n\r\n";
  check(send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL), "send");
  const std::string answer = read_to_end(socket.get());
  const std::size_t head = answer.find("\r\n\r\n");
  const bool is_good = answer.starts_with("HTTP/1.1 200 ");
  std::string body = head == std::string::npos ? "no answer" : answer.substr(head + 4);
  if (body.ends_with('\n')) body.pop_back();
  is_good ? static_cast<void>(std::puts(body.c_str())) : complain("cluster: " + body);
  return is_good ? 0 : 1;
}
