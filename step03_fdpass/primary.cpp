#include "primary.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "console.h"
#include "environment.h"
#include "listener.h"
#include "spawn.h"
#include "sys_error.h"
#include "workers.h"

namespace {

// The held signals as a descriptor: with it, poll(2) can wait for signals and channels at once.
UniqueFd signals_as_fd() {
  const sigset_t held = hold_signals();
  return UniqueFd(check(signalfd(-1, &held, SFD_CLOEXEC), "signalfd"));
}

}  // namespace

Primary::Primary() : signals_(signals_as_fd()) {}

void Primary::fork(const std::string& program, const std::vector<std::string>& argv) {
  auto [ours, theirs] = socket_pair();
  keep_on_exec(theirs.get());
  make_non_blocking(ours.get());  // the primary waits for nobody: hundreds of answers have room
  const int id = ++last_id_;
  const auto environment = environment_with(
      {{"NODE_WORKER_ID", std::to_string(id)}, {"NODE_CHANNEL_FD", std::to_string(theirs.get())}});
  const pid_t pid = spawn(program, argv, environment);
  workers_.push_back({id, pid, Channel(std::move(ours))});
}

int Primary::run() {
  while (!workers_.empty()) {
    const std::vector<pollfd> events = wait_for_events();  // [0] is for the signals
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      if (events[i + 1].revents != 0) receive_from(workers_[i]);
    }
    if (events[0].revents == 0) continue;
    if (take_signal() != SIGCHLD) {
      stop_all();
      return 0;
    }
    bury_the_dead();  // last: it removes workers, and `events` would no longer fit
  }
  complain("cluster: all workers died");
  return 1;
}

// Returns what poll(2) says of the signals, and then of the channel of each worker.
std::vector<pollfd> Primary::wait_for_events() const {
  std::vector<pollfd> events = {{signals_.get(), POLLIN, 0}};
  // A closed channel gives -1 here, which poll() passes over.
  for (const Worker& worker : workers_) events.push_back({worker.channel.fd(), POLLIN, 0});
  check(poll(events.data(), events.size(), -1), "poll");
  return events;
}

int Primary::take_signal() const {
  signalfd_siginfo signal = {};
  check(read(signals_.get(), &signal, sizeof(signal)), "read signalfd");
  return static_cast<int>(signal.ssi_signo);
}

void Primary::receive_from(Worker& worker) {
  try {
    const bool is_open = worker.channel.fill();
    while (std::optional<Message> message = worker.channel.next()) handle(worker, *message);
    if (!is_open) worker.channel.close();
  } catch (const std::exception& error) {
    // One that breaks the protocol cannot be relied on, and must not hurt the others.
    complain("worker " + std::to_string(worker.id) + ": " + error.what());
    kill(worker.pid, SIGKILL);
    worker.channel.close();
  }
}

void Primary::handle(Worker& worker, const Message& message) {
  // Only what is known to be flat is copied or printed: JSON that is nested deeply enough would
  // overflow the stack.
  const auto cmd = message.body.find("cmd");
  if (cmd == message.body.end() || !cmd->is_string()) {
    throw std::runtime_error("channel: a message without cmd");
  } else if (*cmd == "queryServer") {
    answer_query(worker, message.body);
  } else if (*cmd == "listening") {
    worker.address = address_of(server_for(message.body));
    announce();
  } else {
    throw std::runtime_error("channel: unknown cmd " + cmd->get<std::string>().substr(0, 80));
  }
}

// If the answer itself cannot be sent, that is no answer: the channel has ended.
void Primary::answer_query(Worker& worker, const Json& query) {
  Json answer = {{"_queryId", integer_in(query, "_queryId")}};
  int server = -1;
  try {
    server = server_for(query);
  } catch (const std::system_error& error) {
    answer["errno"] = error.code().value();  // the same kernel: the same number
  }
  worker.channel.send(answer, server);
}

int Primary::server_for(const Json& message) {
  const int port = message.contains("port") ? integer_in(message, "port") : 0;
  return servers_.get(message.at("address"), port, integer_in(message, "addressType"));
}

// Says where the cluster listens as soon as every worker does; people and tests wait for it.
void Primary::announce() {
  const auto is_listening = [](const Worker& worker) { return !worker.address.empty(); };
  if (announced_ || !std::all_of(workers_.begin(), workers_.end(), is_listening)) return;
  announced_ = true;
  say("listening on http://" + workers_.back().address + " (" + std::to_string(workers_.size()) +
      " workers, pid " + std::to_string(getpid()) + ")");
}

void Primary::bury_the_dead() {
  for (const Ending& ending : reap()) {
    const auto is_dead = [&](const Worker& worker) { return worker.pid == ending.pid; };
    if (std::erase_if(workers_, is_dead) == 0) continue;  // from before we ran this program
    say("worker " + std::to_string(ending.pid) + " died (" + ending.how + ")");
  }
  if (!workers_.empty()) announce();  // it may have been the last that did not listen yet
}

void Primary::stop_all() {
  std::vector<pid_t> pids;
  for (const Worker& worker : workers_) pids.push_back(worker.pid);
  stop(pids);
}
