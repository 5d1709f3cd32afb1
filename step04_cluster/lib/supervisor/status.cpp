#include "supervisor/status.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <iomanip>
#include <sstream>

#include "ipc/json_text.h"

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

long age_of(const Member& member) {
  const auto age = Member::Clock::now() - member.started;
  return std::chrono::floor<std::chrono::seconds>(age).count();
}

// A worker that does not answer has told nothing.
std::string number(const Member& member, std::uint64_t Counters::*which) {
  return member.counters ? std::to_string(*member.counters.*which) : "?";
}

void add_row(std::ostream& out, const std::array<std::string, 8>& cells) {
  static constexpr std::array<int, 8> kWidths = {8, 9, 14, 12, 9, 8, 13, 0};
  for (std::size_t i = 0; i < cells.size(); ++i)
    out << std::left << std::setw(kWidths[i]) << cells[i];
  out << "\n";
}

void add_listening(std::ostream& out, const cluster::Listening& listening) {
  out << listening.key << ": " << listening.in_kernel << " in the kernel's queue, "
      << listening.waiting << " waiting, " << listening.unanswered << " offered\n";
}

// One metric; `add` writes its samples.
template <typename Add>
void metric(std::ostream& out, const std::string& name, const char* type, const char* help,
            Add add) {
  out << "# HELP cluster_" << name << ' ' << help << "\n# TYPE cluster_" << name << ' ' << type
      << "\n";
  add("cluster_" + name);
}

template <typename Value>
void metric_of_all(std::ostream& out, const char* name, const char* help, Value value) {
  metric(out, name, "gauge", help, [&](const auto& full) { out << full << ' ' << value << "\n"; });
}

template <typename Value>
void metric_of_workers(std::ostream& out, const Supervisor& supervisor, const char* name,
                       const char* type, const char* help, Value value) {
  metric(out, name, type, help, [&](const auto& full) {
    for (const auto& [id, member] : supervisor.members()) {
      out << full << "{worker=\"" << id << "\"} " << value(member) << "\n";
    }
  });
}

// The workers' own counters; not of those that have told nothing.
void metric_of_counters(std::ostream& out, const Supervisor& supervisor, const char* name,
                        const char* type, const char* help, std::uint64_t Counters::*which) {
  metric(out, name, type, help, [&](const auto& full) {
    for (const auto& [id, member] : supervisor.members()) {
      if (!member.counters) continue;
      out << full << "{worker=\"" << id << "\"} " << *member.counters.*which << "\n";
    }
  });
}

void metric_of_listening(std::ostream& out, const char* name, const char* help,
                         std::size_t cluster::Listening::*which) {
  metric(out, name, "gauge", help, [&](const auto& full) {
    for (const auto& listening : cluster::listening()) {
      out << full << "{key=" << ipc::quoted(listening.key) << "} " << listening.*which << "\n";
    }
  });
}

}  // namespace

std::string status_as_text(const Supervisor& supervisor) {
  std::ostringstream out;
  out << "primary " << getpid() << ", policy " << cluster::policy().name << ", "
      << supervisor.wanted() << " workers wanted, generation " << supervisor.generation() << ", "
      << supervisor.deaths() << " died"
      << (supervisor.is_stopping()    ? ", stopping"
          : supervisor.is_reloading() ? ", reloading"
                                      : "")
      << "\n";
  for (const auto& listening : cluster::listening()) add_listening(out, listening);
  add_row(out,
          {"worker", "pid", "state", "generation", "seconds", "open", "connections", "requests"});
  for (const auto& [id, member] : supervisor.members()) {
    add_row(out, {std::to_string(id), std::to_string(member.worker.pid()), state_of(member),
                  std::to_string(member.generation), std::to_string(age_of(member)),
                  number(member, &Counters::open), number(member, &Counters::connections),
                  number(member, &Counters::requests)});
  }
  return out.str();
}

std::string status_as_metrics(const Supervisor& supervisor) {
  std::ostringstream out;
  metric_of_all(out, "workers_wanted", "workers that there should be", supervisor.wanted());
  metric_of_all(out, "generation", "reloads so far", supervisor.generation());
  metric_of_all(out, "deaths", "workers that ended unasked so far", supervisor.deaths());
  metric_of_workers(out, supervisor, "worker_ready", "gauge", "1 if it listens and stays",
                    [](const Member& member) { return member.is_ready() ? 1 : 0; });
  metric_of_workers(out, supervisor, "worker_pid", "gauge", "its process",
                    [](const Member& member) { return member.worker.pid(); });
  metric_of_workers(out, supervisor, "worker_age_seconds", "gauge", "since it was started", age_of);
  metric_of_counters(out, supervisor, "worker_open_connections", "gauge", "connections, now",
                     &Counters::open);
  metric_of_counters(out, supervisor, "worker_connections_total", "counter", "connections so far",
                     &Counters::connections);
  metric_of_counters(out, supervisor, "worker_requests_total", "counter", "requests so far",
                     &Counters::requests);
  metric_of_listening(out, "queue_in_kernel", "connections that wait to be accepted",
                      &cluster::Listening::in_kernel);
  metric_of_listening(out, "queue_in_primary", "connections that wait for a worker",
                      &cluster::Listening::waiting);
  metric_of_listening(out, "offers_unanswered", "connections offered and not yet taken",
                      &cluster::Listening::unanswered);
  return out.str();
}

}  // namespace supervisor
