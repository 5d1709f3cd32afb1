// A cluster that does what it is told, so that one test can ask the same of us and of Node. Its
// twin is driver.js.
//
// The primary reads commands from its standard input, each a line of JSON such as {"do": "fork"},
// and prints what happens as lines of JSON. The command "send" passes a task to a worker, such as
// {"do": "listen", "name": "a"}; workers answer with messages. The end of the input ends it all.
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <functional>
#include <list>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "cluster/cluster.h"
#include "http/server.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "loop/watcher.h"

using cluster::Worker;
using Json = nlohmann::json;
using Commands = std::map<std::string, std::function<void(const Json&)>>;

namespace {

void tell(const Json& what) {
  std::cout << what << std::endl;
}

Json or_null(const char* text) {
  return text == nullptr ? Json() : Json(text);
}

// ---- The worker

std::map<std::string, http::Server>& servers() {
  static std::map<std::string, http::Server> servers;
  return servers;
}

void say(const Json& what) {
  cluster::worker().send(what.dump());
}

void answer(const http::Request& request, http::Response& response) {
  const std::string body = std::to_string(cluster::worker().id()) + "\n";
  response.write_head(200, {{"X-Worker-Pid", std::to_string(getpid())}});
  if (request.path() != "/slow") return response.end(body);
  say({{"begun", true}});
  static std::list<loop::Timer> timers;
  timers.emplace_back([=]() mutable { response.end(body); });
  timers.back().start(std::chrono::milliseconds(std::stoi(*request.query("ms"))));
}

void listen(const Json& task) {
  const std::string name = task["name"];
  const net::Where where = {task.value("port", 0), task.value("host", "127.0.0.1")};
  const auto listening = [=](const std::string& address) {
    say({{"listens", name}, {"port", std::stoi(address.substr(address.rfind(':') + 1))}});
  };
  const auto failed = [=](const ListenError& error) {
    say({{"failed", name}, {"code", strerrorname_np(error.code().value())}});
  };
  servers()
      .insert_or_assign(name, http::Server(answer))
      .first->second.listen(where, {listening, failed});
}

void close(const Json& task) {
  servers().at(task["name"]).close();
  say({{"closed", task["name"]}});
}

void spin() {
  say({{"spins", true}});
  while (true) pause();
}

Json facts() {
  char directory[4096];
  return {{"id", cluster::worker().id()},   {"pid", getpid()},
          {"cwd", getcwd(directory, 4096)}, {"uid", getuid()},
          {"worker", cluster::is_worker()}, {"connected", true}};
}

// Past the module, straight into the channel: the only socket that there is.
void write_bytes(const Json& task) {
  const std::string text = task["text"];
  for (int fd = 3; fd < 100; ++fd) send(fd, text.data(), text.size(), MSG_NOSIGNAL);
}

const Commands kTasks = {
    {"listen", listen},
    {"close", close},
    {"env",
     [](auto& task) {
       say({{"env", or_null(getenv(std::string(task["name"]).c_str()))}});
     }},
    {"facts", [](auto&) { say(facts()); }},
    {"bytes", write_bytes},
    {"say", [](auto& task) { say(task["message"]); }},
    {"echo",
     [](auto& task) {
       say({{"echo", task["value"]}});
     }},
    {"leave", [](auto&) { cluster::worker().disconnect(); }},
    {"drop", [](auto&) { cluster::worker().drop(); }},
    {"exit", [](auto& task) { _exit(task["code"]); }},
    {"spin", [](auto&) { spin(); }},
    {"crash", [](auto&) { throw std::runtime_error("as told"); }},
};

int run_worker() {
  cluster::worker().on_message([](const std::string& json) {
    const Json task = Json::parse(json);
    kTasks.at(task["do"])(task);
  });
  return cluster::run();
}

// ---- The primary

// A worker that is gone is told nothing.
void with_worker(const Json& command, const std::function<void(Worker&)>& function) {
  const auto found = cluster::workers().find(command["id"]);
  if (found != cluster::workers().end()) function(*found->second);
}

int number_of_signal(const Json& command) {
  const std::string name = command.value("signal", "SIGTERM");
  for (int number = 1; number < NSIG; ++number) {
    const char* known = sigabbrev_np(number);
    if (known != nullptr && "SIG" + std::string(known) == name) return number;
  }
  throw std::invalid_argument(name);
}

void set(const Json& command) {
  const Json& given = command["settings"];
  cluster::Settings settings;
  if (given.contains("exec")) settings.exec = given["exec"];
  if (given.contains("args")) settings.args = given["args"].get<std::vector<std::string>>();
  if (given.contains("cwd")) settings.cwd = given["cwd"];
  if (given.contains("silent")) settings.silent = given["silent"];
  if (given.contains("uid")) settings.uid = given["uid"];
  if (given.contains("gid")) settings.gid = given["gid"];
  cluster::setup_primary(settings);
}

void disconnect() {
  cluster::disconnect([] { tell({{"event", "disconnected"}}); });
  tell({{"event", "returned"}});
}

Json ids() {
  Json ids = Json::array();
  for (const auto& [id, worker] : cluster::workers()) ids.push_back(id);
  return ids;
}

const Commands kCommands = {
    {"fork", [](auto& c) { cluster::fork(c.value("env", std::map<std::string, std::string>())); }},
    {"set", set},
    {"send", [](auto& c) { with_worker(c, [&](auto& w) { w.send(c["message"].dump()); }); }},
    {"kill", [](auto& c) { with_worker(c, [&](auto& w) { w.kill(number_of_signal(c)); }); }},
    {"leave", [](auto& c) { with_worker(c, [](auto& w) { w.disconnect(); }); }},
    {"disconnect", [](auto&) { disconnect(); }},
    {"workers",
     [](auto&) {
       tell({{"event", "workers"}, {"ids", ids()}});
     }},
    {"role",
     [](auto&) {
       tell({{"event", "role"}, {"primary", cluster::is_primary()}});
     }},
    {"crash", [](auto&) { throw std::runtime_error("as told"); }},
    {"exit", [](auto& c) { _exit(c["code"]); }},
};

Json facts_of(const char* event, const Worker& worker) {
  static const std::vector<std::string> states = {"none", "online", "listening", "disconnected",
                                                  "dead"};
  return {{"event", event},
          {"id", worker.id()},
          {"pid", worker.pid()},
          {"state", states.at(static_cast<int>(worker.state()))},
          {"connected", worker.is_connected()},
          {"dead", worker.is_dead()},
          {"voluntary", worker.exited_after_disconnect()},
          {"listed", cluster::workers().contains(worker.id())}};
}

// As in Node's event: 4, 6, -1, but "udp4", "udp6".
Json type_of(const cluster::Query& where) {
  return where.is_udp() ? Json(where.address_type) : Json(std::stoi(where.address_type));
}

void tell_listening(const Worker& worker, const cluster::Query& where) {
  Json facts = facts_of("listening", worker);
  facts["where"] = {{"address", or_null(where.address ? where.address->c_str() : nullptr)},
                    {"port", where.port},
                    {"addressType", type_of(where)}};
  tell(facts);
}

void tell_exit(const Worker& worker, const cluster::Ending& ending) {
  Json facts = facts_of("exit", worker);
  const bool was_killed = ending.signal != -1;
  facts["code"] = was_killed ? Json() : Json(ending.code);
  facts["signal"] = was_killed ? Json(std::string("SIG") + sigabbrev_np(ending.signal)) : Json();
  tell(facts);
}

void tell_message(const Worker& worker, const std::string& json) {
  Json facts = facts_of("message", worker);
  facts["message"] = Json::parse(json);
  tell(facts);
}

void obey() {
  static std::string text;
  char bytes[65536];
  const ssize_t size = read(STDIN_FILENO, bytes, sizeof(bytes));
  if (size == 0) _exit(0);
  text.append(bytes, std::max<ssize_t>(size, 0));
  for (std::size_t end; (end = text.find('\n')) != text.npos; text.erase(0, end + 1)) {
    const Json command = Json::parse(text.substr(0, end));
    kCommands.at(command["do"])(command);
  }
}

int run_primary() {
  cluster::on_fork([](const Worker& worker) { tell(facts_of("fork", worker)); });
  cluster::on_online([](const Worker& worker) { tell(facts_of("online", worker)); });
  cluster::on_disconnect([](const Worker& worker) { tell(facts_of("disconnect", worker)); });
  cluster::on_listening(tell_listening);
  cluster::on_exit(tell_exit);
  cluster::on_message(tell_message);
  loop::Watcher input(STDIN_FILENO, obey);
  input.wait_until_readable();
  return cluster::run();
}

}  // namespace

int main() {
  return cluster::is_worker() ? run_worker() : run_primary();
}
