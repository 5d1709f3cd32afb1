#include "http/connections.h"

#include <uv.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "http/connection.h"
#include "loop/loop.h"

namespace http {

namespace {

std::chrono::milliseconds sweep_interval(const Options& options) {
  const auto shortest = std::min({options.keep_alive_timeout, options.headers_timeout,
                                  options.request_timeout, options.send_timeout});
  return std::clamp(shortest / 4, std::chrono::milliseconds(1), std::chrono::milliseconds(500));
}

}  // namespace

Connections::Connections(Handler handler, Options options)
    : handler_(std::move(handler)), options_(std::move(options)), sweep_([this] {
        loop::post_after_events([self = shared_from_this()] { self->check_times(); });
      }) {}

Connections::~Connections() = default;

std::shared_ptr<Connections> Connections::successor() const {
  auto next = std::make_shared<Connections>(handler_, options_);
  next->total_ = total_;
  next->requests_ = requests_;
  return next;
}

void Connections::take(UniqueFd connection, bool is_adopted) {
  if (open_.empty()) sweep_.repeat(sweep_interval(options_));
  const auto taken = std::make_shared<Connection>(shared_from_this());
  open_.insert(taken);
  ++total_;
  taken->start(std::move(connection), is_adopted);
}

void Connections::stop(net::HandBack hand_back, std::function<void()> done) {
  if (!std::exchange(is_stopping_, true)) hand_back_ = std::move(hand_back);
  if (open_.empty()) return done();
  stopped_.push_back(std::move(done));
  for (const auto& connection : open_) connection->stop();
}

void Connections::handle(const Request& request, Response& response) {
  ++requests_;
  handler_(request, response);
}

void Connections::ended(const std::shared_ptr<Connection>& connection) {
  open_.erase(connection);
  if (!open_.empty()) return;
  sweep_.stop();
  for (const auto& done : std::exchange(stopped_, {})) done();
}

// Called when all that has arrived has been read: if this process stood still for a while, its
// clients are not late. No connection is forgotten here: the loop reports later that one is closed.
void Connections::check_times() {
  const std::uint64_t now = uv_now(loop::uv());
  for (const auto& connection : open_) connection->check_time(now);
}

}  // namespace http
