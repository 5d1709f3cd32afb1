#include "cluster/primary.h"

#include <utility>

#include "cluster/identity.h"
#include "cluster/utils.h"
#include "listener.h"
#include "net/socket.h"

namespace cluster {

constexpr std::size_t kMaxHandles = 64;  // so that a worker cannot take all descriptors and ports

Primary::Primary()
    : policy(identity().deals_connections ? Policy::kRoundRobin : Policy::kShared),
      children_(SIGCHLD, [this] { reap(); }) {
  let_signals_through();
}

Worker& Primary::fork(const std::map<std::string, std::string>& env) {
  const int id = ++last_id_;
  Settings of_this_one = settings;
  of_this_one.add({.env = env});
  of_this_one.env["NODE_UNIQUE_ID"] = std::to_string(id);

  auto worker = std::make_shared<Worker>(id, fork_child(of_this_one), events_of(id));
  workers[id] = running_[id] = worker;
  children_.keep_loop_running(true);
  loop::post([this, worker] { on_fork.emit(*worker); });
  return *worker;
}

// What its channel tells us about the worker `id`.
ipc::Channel::Events Primary::events_of(int id) {
  return {
      .message = [=, this](const ipc::Message& message,
                           net::SharedFd fd) { receive(*running_.at(id), message, std::move(fd)); },
      .has_room =
          [=, this](const ipc::Message& message) { return has_room(*running_.at(id), message); },
      .acknowledged =
          [=, this](std::int64_t seq, bool arrived) {
            if (!arrived) offer_answered(*running_.at(id), seq, false);
          },
      .end = [=, this](const std::string& error) { channel_ended(*running_.at(id), error); },
  };
}

void Primary::receive(Worker& worker, const ipc::Message& message, net::SharedFd fd) {
  if (message.kind == ipc::Message::Kind::kUser)
    return receive_from_user(worker, message, std::move(fd));
  if (message.kind != ipc::Message::Kind::kCluster) return worker.sockets_.answer(message);
  if (message.ack != -1) return offer_answered(worker, message.ack, message.accepted);
  if (message.act == "exitedAfterDisconnect") return about_to_leave(worker, message);
  if (message.act == "handback") return take_back(worker, message, std::move(fd));
  if (worker.is_dead()) return;  // the rest makes no sense any more
  if (message.act == "online") {
    worker.state_ = Worker::State::kOnline;
    worker.hands_back_ = message.hands_back;
    on_online.emit(worker);
  } else if (message.act == "queryServer") {
    query_server(worker, message);
  } else if (message.act == "listening") {
    worker.state_ = Worker::State::kListening;
    for (const auto& [key, handle] : handles_) handle->listening(worker);
    on_listening.emit(worker, message.query);
  } else if (message.act == "close") {
    close(worker, message.key);
  }
}

// If the descriptor is lost, Node sends the message again.
void Primary::receive_from_user(Worker& worker, const ipc::Message& message, net::SharedFd fd) {
  if (message.has_handle && !fd) return;
  if (!on_socket || !fd || !net::is_connection(fd.get())) {
    if (on_message.is_empty()) worker.unheard(message.text);
    return on_message.emit(worker, message.text);
  }
  on_socket(worker, message.text, worker.sockets_.add(message, fd.take()));
}

// A worker wants to listen.
void Primary::query_server(Worker& worker, const ipc::Message& message) {
  if (worker.exited_after_disconnect_) return;  // it leaves, and needs no answer
  const std::string key = key_of(message.query);
  try {
    if (!message.query.makes_sense) throw ListenError(EINVAL, key);
    add_to_handle(worker, message, key);
    failed_to_start = false;
  } catch (const std::system_error& error) {
    const ipc::line::Answer answer = {
        .ack = message.seq, .error = error.code().value(), .key = key};
    worker.channel_.send(ipc::line::answer(answer, next_seq()));
    failed_to_start = handles_.empty();
  }
}

// The first that asks for a key makes us bind; the others share.
void Primary::add_to_handle(Worker& worker, const ipc::Message& message, const std::string& key) {
  const auto found = handles_.find(key);
  if (found != handles_.end() && !found->second->is_broken()) {
    return found->second->add(worker, message.seq);
  }
  handles_.erase(key);
  const bool is_full = handles_.size() == kMaxHandles;
  const auto unused = is_full ? longest_unused() : handles_.end();
  if (is_full && unused == handles_.end()) throw ListenError(EMFILE, key);
  auto handle = new_handle(policy, key, message.query);
  handle->place = place_of(message.query, handle->sockets().front());
  handle->on_broken = [this, key] { handles_.erase(key); };
  handle->add(worker, message.seq);
  if (is_full) give_up(unused);
  handles_.emplace(key, std::move(handle));
}

void Primary::offer_answered(Worker& worker, std::int64_t offer, bool accepted) {
  for (const auto& [key, handle] : handles_) {
    if (handle->answer(worker, offer, accepted)) return;
  }
}

Primary& primary() {
  static Primary primary;
  return primary;
}

}  // namespace cluster
