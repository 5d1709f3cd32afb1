#include "cluster/primary.h"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <utility>
#include <variant>

#include "cluster/identity.h"
#include "cluster/utils.h"
#include "console.h"
#include "net/socket.h"

namespace cluster {

Primary::Primary()
    : policy(identity().deals_connections ? round_robin() : shared()),
      children_(SIGCHLD, [this] { reap(); }) {
  let_signals_through();
}

Worker& Primary::fork(const std::map<std::string, std::string>& env) {
  const int id = ++last_id_;
  Settings of_this_one = settings;
  of_this_one.add({.env = env});
  of_this_one.env["NODE_UNIQUE_ID"] = std::to_string(id);

  const auto leave = [this, id] {
    const auto found = running_.find(id);
    if (found != running_.end()) disconnect(*found->second);
  };
  auto worker = std::make_shared<Worker>(id, fork_child(of_this_one), events_of(id), leave);
  workers[id] = running_[id] = worker;
  children_.keep_loop_running(true);
  loop::post([this, worker] { on_fork.emit(*worker); });
  return *worker;
}

// What its channel tells us about the worker `id`.
ipc::Channel::Events Primary::events_of(int id) {
  return {
      .message =
          [=, this](const ipc::Message& message, net::SharedFd fd) {
            Worker& worker = *running_.at(id);
            std::visit([&](const auto& body) { received(worker, body, std::move(fd)); },
                       message.body);
          },
      .has_room =
          [=, this](const ipc::Message& message) {
            const bool is_handed_back = std::holds_alternative<ipc::HandBack>(message.body);
            return !is_handed_back || handles_.has_room_for(*running_.at(id));
          },
      .acknowledged =
          [=, this](std::int64_t seq, bool arrived) {
            if (!arrived) handles_.answer(*running_.at(id), seq, false);
          },
      .end = [=, this](const std::string& error) { channel_ended(*running_.at(id), error); },
  };
}

// Of a worker that is dead these four mean nothing any more.
void Primary::received(Worker& worker, const ipc::Online& online, net::SharedFd) {
  if (worker.is_dead()) return;
  worker.note_online(online.can_hand_back);
  on_online.emit(worker);
}

void Primary::received(Worker& worker, const ipc::QueryServer& question, net::SharedFd) {
  if (worker.is_dead() || worker.exited_after_disconnect()) return;
  try {
    handles_.add(worker, question.seq, question.query, policy);
    failed_to_start = false;
  } catch (const std::system_error& error) {
    const int code = error.code().value();
    const std::string key = key_of(question.query);
    const ipc::line::Answer answer = {.ack = question.seq, .error = code, .key = key};
    worker.channel().send(ipc::line::answer(answer, next_seq()));
    failed_to_start = handles_.is_empty();
  }
}

void Primary::received(Worker& worker, const ipc::Listening& listening, net::SharedFd) {
  if (worker.is_dead()) return;
  worker.note(Worker::State::kListening);
  handles_.listening(worker);
  on_listening.emit(worker, listening.query);
}

void Primary::received(Worker& worker, const ipc::Close& close, net::SharedFd) {
  if (!worker.is_dead()) handles_.close(worker, close.key);
}

// These are its last words, too.
void Primary::received(Worker& worker, const ipc::Reply& reply, net::SharedFd) {
  handles_.answer(worker, reply.ack, reply.accepted);
}

void Primary::received(Worker& worker, const ipc::HandBack& hand_back, net::SharedFd fd) {
  handles_.adopt(hand_back.key, std::move(fd), worker);
}

void Primary::received(Worker& worker, const ipc::User& user, net::SharedFd fd) {
  if (!on_socket || !fd || !net::is_connection(fd.get())) {
    if (on_message.is_empty()) worker.unheard(user.json);
    return on_message.emit(worker, user.json);
  }
  on_socket(worker, user.json, worker.sockets().add(user, fd.take()));
}

void Primary::received(Worker& worker, const ipc::SocketGetCount& question, net::SharedFd) {
  worker.sockets().answer(question);
}

void Primary::received(Worker& worker, const ipc::SocketNotifyClose& question, net::SharedFd) {
  worker.sockets().answer(question);
}

// It leaves by itself, and waits for us to know.
void Primary::received(Worker& worker, const ipc::ExitedAfterDisconnect& question, net::SharedFd) {
  const bool was_signalled = worker.is_signalled();
  worker.note_leaving(question.signalled);
  handles_.remove(worker);
  const bool hand_back = may_hand_back(worker);
  worker.channel().send(ipc::line::acknowledge(question.seq, next_seq(), hand_back));
  if (worker.is_signalled() && !was_signalled) on_signalled.emit(worker);
}

// While a place is open, somebody can serve what comes back, now or later.
bool Primary::may_hand_back(const Worker& worker) const {
  return worker.can_hand_back() && !handles_.is_empty();
}

// As in Node, it is in the list no longer, whatever it has still to finish.
void Primary::disconnect(Worker& worker) {
  workers.erase(worker.id());
  worker.note_leaving(false);
  handles_.remove(worker);
  worker.channel().send(ipc::line::disconnect(next_seq(), may_hand_back(worker)));
}

void Primary::disconnect(std::function<void()> done) {
  const auto all = running_;
  handles_.close_all();
  for (const auto& [id, worker] : all) disconnect(*worker);
  if (all.empty()) return loop::post(std::move(done));
  waiting_for_the_end_.push_back(std::move(done));
}

void Primary::channel_ended(Worker& worker, const std::string& error) {
  if (!error.empty()) {
    complain("cluster: worker " + std::to_string(worker.id()) +
             " is killed: its channel: " + error);
    worker.kill(SIGKILL);
  }
  worker.note(Worker::State::kDisconnected);
  handles_.remove(worker);
  on_disconnect.emit(worker);
}

// In a loop: the kernel merges several SIGCHLD into one. Children that are not our workers are
// waited for, too, and then forgotten: process 1, in a container, gets every orphan as its child.
void Primary::reap() {
  int status = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    const auto is_it = [=](const auto& entry) { return entry.second->pid() == pid; };
    const auto found = std::ranges::find_if(running_, is_it);
    if (found != running_.end()) exited(found->second, ending_of(status));
  }
}

// First it gets nothing more. Then its last words are heard: perhaps that it has taken what it was
// offered. What is unanswered after that was not taken.
void Primary::exited(std::shared_ptr<Worker> worker, const Ending& ending) {
  worker->note_exit();
  handles_.stop_offering(*worker);
  worker->channel().read_last_words();
  if (worker->channel().is_open()) {
    worker->channel().close();  // somebody else, whom it has started, holds the other end
    channel_ended(*worker, "");
  }
  handles_.bury(*worker);

  worker->note(Worker::State::kDead);
  workers.erase(worker->id());
  running_.erase(worker->id());
  children_.keep_loop_running(!running_.empty());
  if (ending.code == 0) failed_to_start = false;
  on_exit.emit(*worker, ending);
  on_death.emit(*worker);
  loop::post([worker = std::move(worker)] {});  // destroyed later: its channel may be our caller
  if (!running_.empty()) return;
  for (const auto& done : std::exchange(waiting_for_the_end_, {})) done();
}

Primary& primary() {
  static Primary primary;
  return primary;
}

}  // namespace cluster
