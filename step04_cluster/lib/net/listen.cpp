#include "net/listen.h"

#include <sys/socket.h>

#include <exception>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "console.h"
#include "listener.h"
#include "loop/loop.h"
#include "net/acceptor.h"
#include "net/bind.h"

namespace net {

namespace {

// Where this process itself listens: the primary, or a program without any cluster. The acceptor
// comes in the turn of the loop after listen().
struct Listening {
  explicit Listening(std::shared_ptr<Connections> who) : connections(std::move(who)) {}
  std::shared_ptr<Connections> connections;
  std::optional<Acceptor> acceptor = {};
};

ListenHook& hook() {
  static ListenHook hook;
  return hook;
}

std::vector<std::shared_ptr<Listening>>& all() {
  static std::vector<std::shared_ptr<Listening>> all;
  return all;
}

BoundSocket bind_there(const Where& where) {
  if (const auto path = path_of(where.host)) return bind_unix(*path);
  return bind_tcp(where.host == "any" ? std::nullopt : std::optional(where.host), where.port);
}

std::string start(Listening& listening, const Where& where) {
  BoundSocket socket = bind_there(where);
  std::string address = path_of(where.host) ? where.host : address_of(socket.fd.get());
  listen_on(socket.fd.get(), address);
  const auto take = [&taker = *listening.connections](UniqueFd connection) {
    taker.take(std::move(connection));
  };
  const auto broken = [&listening, address](int error) {
    complain("cluster: accept " + address + ": " + std::generic_category().message(error));
    std::erase_if(all(), [&](const auto& entry) { return entry.get() == &listening; });
  };
  listening.acceptor.emplace(std::move(socket), take, broken);
  listening.acceptor->resume();
  return address;
}

void listen_alone(const std::shared_ptr<Listening>& listening, const Where& where,
                  const Outcome& outcome) {
  try {
    const std::string address = start(*listening, where);
    if (outcome.listening) outcome.listening(address);
  } catch (const ListenError& error) {
    std::erase(all(), listening);
    if (outcome.failed) return outcome.failed(error);
    fail(error);
  }
}

}  // namespace

std::optional<std::string> path_of(const std::string& host) {
  constexpr std::string_view kPrefix = "unix:";
  if (!host.starts_with(kPrefix)) return std::nullopt;
  return host.substr(kPrefix.size());
}

void listen(std::shared_ptr<Connections> connections, const Where& where, Outcome outcome) {
  if (hook().listen) return hook().listen(std::move(connections), where, std::move(outcome));
  all().push_back(std::make_shared<Listening>(std::move(connections)));
  loop::post([=, posted = std::weak_ptr(all().back())] {
    if (const auto listening = posted.lock()) listen_alone(listening, where, outcome);
  });
}

void fail(const ListenError& error) {
  const std::string advice = error.code() == std::errc::address_in_use ? " (another server?)" : "";
  const std::string what = error.std::system_error::what();  // without the advice
  loop::fail(std::make_exception_ptr(std::runtime_error(what + advice)));
}

void close(const std::shared_ptr<Connections>& connections) {
  if (hook().close) return hook().close(connections);
  std::erase_if(all(), [&](const auto& entry) { return entry->connections == connections; });
  connections->stop(nullptr, [] {});
}

void set_listen_hook(ListenHook new_hook) {
  hook() = std::move(new_hook);
}

}  // namespace net
