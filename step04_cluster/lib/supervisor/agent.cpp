#include "supervisor/agent.h"

#include <csignal>
#include <nlohmann/json.hpp>
#include <utility>

#include "cluster/cluster.h"

namespace supervisor {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongest = 1000;  // a pong; what is longer is the program's own message

std::uint64_t count(const Json& body, const char* name) {
  const auto found = body.find(name);
  return found != body.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

}  // namespace

std::string pong(const Counters& counters) {
  return Json{{"supervisor", "pong"},
              {"open", counters.open},
              {"connections", counters.connections},
              {"requests", counters.requests}}
      .dump();
}

std::optional<Counters> read_pong(const std::string& json) {
  if (json.size() > kLongest) return std::nullopt;
  const Json body = Json::parse(json, nullptr, false);
  if (!body.is_object() || body.value("supervisor", Json()) != Json("pong")) return std::nullopt;
  return Counters{count(body, "open"), count(body, "connections"), count(body, "requests")};
}

Agent::Agent(std::function<Counters()> counters, std::function<void()> drain)
    : term_(SIGTERM, [] { cluster::worker().terminate(); }) {
  const auto answer = [counters = std::move(counters),
                       drain = std::move(drain)](const std::string& json) {
    if (json == kPing) cluster::worker().send(pong(counters()));
    if (json == kDrain) drain();
  };
  cluster::worker().on_message(answer);
}

void Agent::retire() {
  cluster::worker().send(kRetire);
}

}  // namespace supervisor
