// The floor: what a server costs that does nothing but what the kernel makes everyone do. It waits
// with epoll, reads, and writes a canned answer for each empty line that it has read. No request is
// parsed, no time-out is kept, no error is handled: this is a yardstick, not a server.
//
//   ./floor PORT          keeps connections alive
//   ./floor PORT close    closes each after one answer
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

// As long as the answer of ./cluster, and with the same lines.
std::string answer(bool closes) {
  return std::string("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n") +
         "Date: Sun, 22 Nov 2026 19:57:51 GMT\r\n" +
         (closes ? "Connection: close\r\n"
                 : "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n") +
         "X-Worker-Pid: 14506\r\nContent-Length: 12\r\n\r\nHello world\n";
}

int listen_on(int port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  sockaddr_in name = {};
  name.sin_family = AF_INET;
  name.sin_port = htons(static_cast<uint16_t>(port));
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* any = reinterpret_cast<const sockaddr*>(&name);
  const bool good = bind(listener, any, sizeof(name)) == 0 && listen(listener, 511) == 0;
  return good ? listener : -1;
}

void watch(int epoll, int fd) {
  epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

// Requests do not come in parts here; several may come at once.
std::size_t count_requests(std::string_view bytes) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = bytes.find("\r\n\r\n", at)) != bytes.npos; at += 4) ++count;
  return count;
}

void serve(int connection, const std::string& answer, bool closes) {
  static std::array<char, 65536> buffer;
  const ssize_t size = read(connection, buffer.data(), buffer.size());
  if (size <= 0) {
    close(connection);
    return;
  }
  const std::string_view bytes(buffer.data(), size);
  static std::string answers;
  answers.clear();
  for (std::size_t n = count_requests(bytes); n > 0; --n) answers += answer;
  const bool written = write(connection, answers.data(), answers.size()) != -1;
  if (!written || closes) close(connection);
}

int main(int, char** argv) {
  const bool closes = argv[1] != nullptr && argv[2] != nullptr;
  const std::string text = answer(closes);
  const int listener = argv[1] == nullptr ? -1 : listen_on(std::atoi(argv[1]));
  if (listener == -1) return 1;
  const int epoll = epoll_create1(0);
  watch(epoll, listener);
  std::array<epoll_event, 1024> events;
  while (true) {
    const int count = epoll_wait(epoll, events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      if (fd != listener) {
        serve(fd, text, closes);
      } else if (const int one = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK); one != -1) {
        watch(epoll, one);
      }
    }
  }
}
