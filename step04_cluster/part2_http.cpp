// Step 4, part 2: a real HTTP server.
//
// The loop is that of part 1. Here the library speaks HTTP/1.1: a connection is kept for further
// requests, several may come at once, and an answer may be larger than memory.
//
//   make && ./part2_http 8000
//   curl -v 127.0.0.1:8000/ 127.0.0.1:8000/
//   curl -s '127.0.0.1:8000/bytes?n=1000000000' | wc -c
#include <algorithm>
#include <csignal>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

#include "console.h"
#include "http/server.h"
#include "loop/loop.h"
#include "loop/signal_watcher.h"
#include "number.h"

void respond(const http::Request& request, http::Response& response);

int main(int argc, char** argv) {
  try {
    prepare_console();
    const int port = argc > 1 ? number_in("PORT", argv[1], 0, 65535) : 8000;
    http::Server server(respond);
    server.listen(port, {.listening = [](const std::string& address) {
                    say("listening on http://" + address);
                  }});
    // Requests under way are answered; then nothing is left to wait for, and the loop ends.
    const loop::SignalWatcher terminate(SIGTERM, [&] { server.close(); });
    loop::run();
    return 0;
  } catch (const std::exception& error) {
    complain(std::string("part2_http: ") + error.what());
    return 1;
  }
}

// Writes `left` bytes, piece by piece. If write() says no, the client reads more slowly than we
// write; then we go on when it has caught up. So a slow client costs us no memory.
void send_bytes(http::Response response, std::size_t left) {
  static const std::string piece(64UL * 1024, 'x');
  while (left > 0) {
    const std::size_t size = std::min(left, piece.size());
    left -= size;
    if (response.write(std::string_view(piece).substr(0, size)) || left == 0) continue;
    return response.on_drain([=] { send_bytes(response, left); });
  }
  response.end();
}

// "/bytes?n=1000". Without "Content-Length" the answer is sent in chunks.
void bytes(const http::Request& request, http::Response& response) try {
  const int count = number_in("?n=", request.query("n").value_or(""), 0, 1 << 30);
  response.write_head(200, {{"Content-Type", "application/octet-stream"}});
  send_bytes(response, count);
} catch (const std::invalid_argument& error) {
  response.write_head(400);
  response.end(error.what() + std::string("\n"));
}

void respond(const http::Request& request, http::Response& response) {
  if (request.path() == "/bytes") return bytes(request, response);
  const bool is_known = request.path() == "/";
  response.write_head(is_known ? 200 : 404);
  response.end(is_known ? "Hello world\n" : "no such page; there are / and /bytes?n=1000\n");
}
