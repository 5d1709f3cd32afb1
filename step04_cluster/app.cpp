#include "app.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string_view>

#include "number.h"

namespace {

const http::Headers kText = {{"Content-Type", "text/plain"}};

void refuse(http::Response& response, int status, const std::string& reason,
            const http::Headers& headers = kText) {
  response.write_head(status, headers);
  response.end(reason + "\n");
}

void hello(http::Response& response) {
  response.write_head(200, kText);
  response.end("Hello world\n");
}

// OPTIONS *: what the server as a whole can do.
void options(http::Response& response) {
  response.write_head(204);
  response.end();
}

int number_in_query(const http::Request& request, const std::string& name, int most) {
  const std::string text = request.query(name).value_or("");
  return number_in("?" + name + "=", text, 0, most);
}

// Writes `left` bytes, piece by piece: the next one when the client has read enough of the last.
void write_bytes(http::Response response, std::size_t left) {
  static const std::string piece(64UL * 1024, 'x');
  while (left > 0) {
    const std::size_t size = std::min(left, piece.size());
    left -= size;
    if (response.write(std::string_view(piece).substr(0, size)) || left == 0) continue;
    return response.on_drain([=] { write_bytes(response, left); });
  }
  response.end();
}

void bytes(const http::Request& request, http::Response& response) {
  const int count = number_in_query(request, "n", 1 << 30);
  response.write_head(200, {{"Content-Type", "application/octet-stream"},
                            {"Content-Length", std::to_string(count)}});
  write_bytes(response, count);
}

void echo(const http::Request& request, http::Response& response) {
  static const http::Headers post_only = {{"Content-Type", "text/plain"}, {"Allow", "POST"}};
  if (request.method() != "POST") {
    return refuse(response, 405, "POST something to /echo", post_only);
  }
  const std::string type(request.header("Content-Type").value_or("application/octet-stream"));
  response.write_head(200, {{"Content-Type", type}});
  response.end(request.body());
}

}  // namespace

void App::answer(const http::Request& request, http::Response& response) {
  ++requests_;
  const std::string_view path = request.path();
  try {
    if (path == "/") return hello(response);
    if (path == "/whoami") return whoami(response);
    if (path == "/slow") return slow(request, response);
    if (path == "/bytes") return bytes(request, response);
    if (path == "/echo") return echo(request, response);
    if (path == "/healthz") return healthz(response);
    if (path == "*") return options(response);
    refuse(response, 404, "no such page; there are / /whoami /slow /bytes /echo /healthz");
  } catch (const std::invalid_argument& error) {
    refuse(response, 400, error.what());
  }
}

void App::whoami(http::Response& response) const {
  const nlohmann::ordered_json json = {
      {"id", id_}, {"pid", getpid()}, {"language", "c++"}, {"requests", requests_}};
  response.write_head(200, {{"Content-Type", "application/json"}});
  response.end(json.dump() + "\n");
}

// A load balancer that distributes requests among machines asks this, and sends us none any more.
void App::healthz(http::Response& response) const {
  response.write_head(is_draining_ ? 503 : 200, kText);
  response.end(is_draining_ ? "draining\n" : "ok\n");
}

void App::slow(const http::Request& request, http::Response& response) {
  const int ms = number_in_query(request, "ms", 600000);
  const long number = requests_;
  // The answer comes from a timer; if the client goes away before, nobody needs the timer any more.
  auto later = [this, number, response]() mutable {
    response.write_head(200, kText);
    response.end("Hello world, later\n");
    timers_.erase(number);
  };
  response.on_close([this, number] { timers_.erase(number); });
  timers_.try_emplace(number, later).first->second.start(std::chrono::milliseconds(ms));
}
