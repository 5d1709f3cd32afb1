#include "supervisor/status.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

namespace supervisor {

namespace {

using State = cluster::Worker::State;

std::string state_of(const Member& member) {
  if (member.is_leaving) return "leaving";
  switch (member.worker.state()) {
    case State::kListening:
      return "listening";
    case State::kOnline:
      return "online";
    case State::kNone:
      return "starting";
    default:
      return "disconnected";
  }
}

std::int64_t age_of(const Member& member) {
  const auto age = Member::Clock::now() - member.started;
  return std::chrono::floor<std::chrono::seconds>(age).count();
}

// A worker that does not answer has told nothing.
std::string number(const Member& member, std::uint64_t Counters::*which) {
  return member.counters ? std::to_string(*member.counters.*which) : "?";
}

const char* doing(const Supervisor& supervisor) {
  if (supervisor.is_stopping()) return ", stopping";
  return supervisor.is_reloading() ? ", reloading" : "";
}

// ---- For Prometheus

// The samples of a metric: their labels, and their values.
using Samples = std::vector<std::pair<std::string, std::int64_t>>;
using Sampler = std::function<Samples(const Supervisor&)>;

Sampler of_all(int (Supervisor::*value)() const) {
  return [=](const Supervisor& supervisor) { return Samples{{"", (supervisor.*value)()}}; };
}

// Of each worker; but `value` may be unknown.
using Known = std::optional<std::int64_t>;

Known known(std::int64_t value) {
  return value;
}

Sampler of_workers(Known (*value)(const Member&)) {
  return [=](const Supervisor& supervisor) {
    Samples samples;
    for (const auto& [id, member] : supervisor.members()) {
      if (const Known sample = value(member))
        samples.emplace_back(fmt::format("{{worker=\"{}\"}}", id), *sample);
    }
    return samples;
  };
}

// What the workers have told of themselves.
template <std::uint64_t Counters::*which>
Known counted(const Member& member) {
  if (!member.counters) return std::nullopt;
  return known(*member.counters.*which);
}

Sampler of_places(std::size_t cluster::Listening::*value) {
  return [=](const Supervisor&) {
    Samples samples;
    for (const auto& listening : cluster::listening())
      samples.emplace_back(fmt::format("{{key={}}}", nlohmann::json(listening.key).dump()),
                           listening.*value);
    return samples;
  };
}

struct Metric {
  const char* name;
  const char* type;
  const char* help;
  Sampler samples;
};

const std::vector<Metric>& metrics() {
  using cluster::Listening;
  static const std::vector<Metric> all = {
      {"workers_wanted", "gauge", "workers that there should be", of_all(&Supervisor::wanted)},
      {"generation", "gauge", "reloads so far", of_all(&Supervisor::generation)},
      {"deaths", "gauge", "workers that ended unasked so far", of_all(&Supervisor::deaths)},
      {"worker_ready", "gauge", "1 if it listens and stays",
       of_workers([](const Member& member) { return known(member.is_ready() ? 1 : 0); })},
      {"worker_pid", "gauge", "its process",
       of_workers([](const Member& member) { return known(member.worker.pid()); })},
      {"worker_age_seconds", "gauge", "since it was started",
       of_workers([](const Member& member) { return known(age_of(member)); })},
      {"worker_open_connections", "gauge", "connections, now",
       of_workers(counted<&Counters::open>)},
      {"worker_connections_total", "counter", "connections so far",
       of_workers(counted<&Counters::connections>)},
      {"worker_requests_total", "counter", "requests so far",
       of_workers(counted<&Counters::requests>)},
      {"queue_in_kernel", "gauge", "connections that wait to be accepted",
       of_places(&Listening::in_kernel)},
      {"queue_in_primary", "gauge", "connections that wait for a worker",
       of_places(&Listening::waiting)},
      {"offers_unanswered", "gauge", "connections offered and not yet taken",
       of_places(&Listening::unanswered)},
  };
  return all;
}

}  // namespace

std::string status_as_text(const Supervisor& supervisor) {
  static constexpr const char* kRow = "{:<8}{:<9}{:<14}{:<12}{:<9}{:<8}{:<13}{}\n";
  std::string text =
      fmt::format("primary {}, policy {}, {} workers wanted, generation {}, {} died{}\n", getpid(),
                  cluster::policy().name, supervisor.wanted(), supervisor.generation(),
                  supervisor.deaths(), doing(supervisor));
  for (const auto& listening : cluster::listening()) {
    text += fmt::format("{}: {} in the kernel's queue, {} waiting, {} offered\n", listening.key,
                        listening.in_kernel, listening.waiting, listening.unanswered);
  }
  text += fmt::format(kRow, "worker", "pid", "state", "generation", "seconds", "open",
                      "connections", "requests");
  for (const auto& [id, member] : supervisor.members()) {
    text +=
        fmt::format(kRow, id, member.worker.pid(), state_of(member), member.generation,
                    age_of(member), number(member, &Counters::open),
                    number(member, &Counters::connections), number(member, &Counters::requests));
  }
  return text;
}

std::string status_as_metrics(const Supervisor& supervisor) {
  std::string text;
  for (const auto& [name, type, help, samples] : metrics()) {
    text += fmt::format("# HELP cluster_{0} {1}\n# TYPE cluster_{0} {2}\n", name, help, type);
    for (const auto& [labels, value] : samples(supervisor))
      text += fmt::format("cluster_{}{} {}\n", name, labels, value);
  }
  return text;
}

}  // namespace supervisor
