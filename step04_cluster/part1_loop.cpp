// Step 4, part 1: one loop, many clients.
//
// The worker of step 3 reads from one client until that client has asked its question, and all the
// others wait. This program waits for all of its clients at once, and does a little for each of
// them when there is something to do.
//
//   make && ./part1_loop 8000
//   curl '127.0.0.1:8000/slow?ms=5000' & curl 127.0.0.1:8000/
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "console.h"
#include "listener.h"
#include "loop/loop.h"
#include "loop/signal_watcher.h"
#include "loop/timer.h"
#include "loop/watcher.h"
#include "net/acceptor.h"
#include "net/bind.h"
#include "number.h"
#include "unique_fd.h"

using std::chrono::milliseconds;

milliseconds patience(10000);           // with a client that says nothing
constexpr std::size_t kMaxHead = 8192;  // bytes of a request, up to the empty line

// "GET /slow?ms=5000 HTTP/1.1" asks for an answer in five seconds; anything else, for one at once.
milliseconds delay_in(const std::string& head) {
  int ms = 0;
  std::sscanf(head.c_str(), "GET /slow?ms=%6d", &ms);  // if it is not that, 0 stays
  return milliseconds(std::max(ms, 0));
}

// One connection. None of these functions waits: each does what can be done now and returns to the
// loop, which calls another one when it is time.
class Client {
 public:
  explicit Client(UniqueFd socket) : socket_(std::move(socket)) {
    readable_.wait_until_readable();
    patience_.start(patience);
  }
  Client(Client&&) = delete;  // the loop would call the old one

 private:
  // Takes what has arrived: a whole request, or one byte of it.
  void read() {
    char bytes[4096];
    const ssize_t count = recv(socket_.get(), bytes, sizeof(bytes), 0);
    if (count == -1 && errno == EAGAIN) return;
    if (count <= 0) return leave();
    if (is_answered_) return;  // it may say what it likes
    head_.append(bytes, count);
    if (head_.find("\r\n\r\n") != std::string::npos) return think();
    if (head_.size() > kMaxHead) answer("431 Request Header Fields Too Large", "");
  }

  // In the meantime the loop serves the others. If this client goes away, read() finds that out.
  void think() {
    readable_.wait_until_hung_up();
    patience_.stop();
    later_.start(delay_in(head_));
  }

  // Says that this was all (SHUT_WR), and reads on until the client closes, too: if we closed a
  // socket with something unread in it, the kernel would throw the answer away.
  void answer(const std::string& status, const std::string& body) {
    const std::string text = "HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: " +
                             std::to_string(body.size()) + "\r\n\r\n" + body;
    send(socket_.get(), text.data(), text.size(), 0);  // the first bytes: there is room for them
    shutdown(socket_.get(), SHUT_WR);
    is_answered_ = true;
    readable_.wait_until_readable();
    patience_.start(patience);
  }

  void leave();

  UniqueFd socket_;  // before its watcher: see watcher.h
  loop::Watcher readable_{socket_.get(), [this] { read(); }};
  loop::Timer patience_{[this] { leave(); }};
  loop::Timer later_{[this] { answer("200 OK", "Hello world\n"); }};
  std::string head_;
  bool is_answered_ = false;
};

std::map<int, Client> clients;  // by descriptor

// With a client its watcher and its timers end, and its socket is closed.
void Client::leave() {
  clients.erase(socket_.get());
}

void serve(int port) {
  UniqueFd listener = net::bind_tcp("127.0.0.1", port);
  const std::string address = address_of(listener.get());
  net::listen_on(listener.get(), address);
  const auto take = [](UniqueFd socket) { clients.try_emplace(socket.get(), std::move(socket)); };
  const auto broken = [](int) { loop::stop(); };
  std::optional<net::Acceptor> acceptor(std::in_place, std::move(listener), take, broken);
  acceptor->resume();
  // Closes the port. The loop ends when the last client has left: nothing is left to wait for.
  const loop::SignalWatcher terminate(SIGTERM, [&] { acceptor.reset(); });
  say("listening on http://" + address);
  loop::run();
}

int main(int argc, char** argv) {
  try {
    prepare_console();
    const int port = argc > 1 ? number_in("PORT", argv[1], 0, 65535) : 8000;
    if (argc > 2) patience = milliseconds(number_in("PATIENCE (ms)", argv[2], 1, 600000));
    serve(port);
    return 0;
  } catch (const ListenError& error) {
    complain(std::string("part1_loop: ") + error.std::system_error::what());  // without its advice
  } catch (const std::exception& error) {
    complain(std::string("part1_loop: ") + error.what());
  }
  return 1;
}
