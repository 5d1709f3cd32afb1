#include "supervisor/control.h"

#include <fmt/format.h>
#include <unistd.h>

#include <system_error>
#include <utility>

#include "console.h"
#include "net/socket.h"
#include "supervisor/agent.h"
#include "supervisor/status.h"

namespace supervisor {

namespace {

using std::chrono::seconds;

constexpr std::size_t kMaxConnections = 16;
constexpr std::chrono::milliseconds kPatience(500);  // for the workers' answers

http::Options options() {
  return {.max_header_size = 4096,
          .max_body_size = 64,
          .keep_alive_timeout = seconds(1),
          .headers_timeout = seconds(5),
          .request_timeout = seconds(5),
          .send_timeout = seconds(5)};
}

net::BoundSocket listen_for_owner(const std::string& path) {
  net::BoundSocket socket = net::bind_unix(path, {.only_owner = true});
  net::listen_on(socket.fd.get(), "unix:" + path);
  return socket;
}

void tell(http::Response response, int status, const std::string& text) {
  response.write_head(status, {{"Content-Type", "text/plain"}, {"Connection", "close"}});
  response.end(text);
}

}  // namespace

Control::Control(const std::string& path, Supervisor& supervisor)
    : supervisor_(supervisor),
      server_([this](const auto& request, auto& response) { answer(request, response); },
              options()),
      acceptor_(
          listen_for_owner(path), [this](UniqueFd c) { accepted(std::move(c)); },
          [path](int error) {
            complain(fmt::format("cluster: accept {}: {}", path,
                                 std::generic_category().message(error)));
          }),
      too_late_([this] { answer_questions(true); }) {
  acceptor_.resume();
  cluster::on_message([this](auto&, const auto&) { answer_questions(false); });
  cluster::on_exit([this](auto&, const auto&) { answer_questions(false); });
  supervisor_.on_reloaded([this](const std::string& error) { reloaded(error); });
  supervisor_.on_over([this] { close(); });
}

void Control::accepted(UniqueFd connection) {
  const uid_t peer = net::peer_of(connection.get());
  const bool may = peer == geteuid() || peer == 0;
  if (may && server_.open_connections() < kMaxConnections)
    server_.connections()->take(std::move(connection));
}

void Control::answer(const http::Request& request, http::Response& response) {
  const std::string wanted = fmt::format("{} {}", request.method(), request.path());
  if (wanted == "GET /status") return ask_workers(response, false);
  if (wanted == "GET /metrics") return ask_workers(response, true);
  if (wanted == "POST /reload") return reload(response);
  if (wanted != "POST /stop")
    return tell(response, 404, "there are GET /status, GET /metrics, POST /reload, POST /stop\n");
  tell(response, 200, "stopping\n");
  supervisor_.stop();
}

void Control::ask_workers(const http::Response& response, bool is_metrics) {
  questions_.push_back({response, is_metrics});
  for (const auto& [id, member] : supervisor_.members()) member.worker.send(kPing);
  too_late_.start(kPatience);
  answer_questions(false);
}

bool Control::have_all_answered(const Question& question) const {
  for (const auto& [id, member] : supervisor_.members()) {
    if (!member.heard || *member.heard < question.asked) return false;
  }
  return true;
}

void Control::answer_questions(bool at_once) {
  for (auto question = questions_.begin(); question != questions_.end();) {
    if (!at_once && !have_all_answered(*question)) {
      ++question;
      continue;
    }
    const auto status = question->is_metrics ? status_as_metrics : status_as_text;
    tell(question->response, 200, status(supervisor_));
    question = questions_.erase(question);
  }
  if (questions_.empty()) too_late_.stop();
}

void Control::reload(const http::Response& response) {
  if (supervisor_.is_stopping()) return tell(response, 500, "it is stopping\n");
  reloads_.push_back({response, supervisor_.is_reloading() ? 2 : 1});
  supervisor_.reload();
}

void Control::reloaded(const std::string& error) {
  for (Reload& reload : reloads_) {
    if (--reload.reloads > 0) continue;
    if (error.empty()) {
      tell(reload.response, 200, "reloaded\n");
    } else {
      tell(reload.response, 500, error + "\n");
    }
  }
  reloads_.remove_if([](const Reload& reload) { return reload.reloads == 0; });
}

// A client that still waits hears that there is nothing to wait for.
void Control::close() {
  answer_questions(true);
  for (const Reload& reload : std::exchange(reloads_, {}))
    tell(reload.response, 500, "it has ended\n");
  acceptor_.pause();
  server_.close();
}

}  // namespace supervisor
