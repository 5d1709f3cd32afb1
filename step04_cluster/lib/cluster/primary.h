// The primary: starts workers, answers what they ask, and notices their end.
//
// Its twin is Node's lib/internal/cluster/primary.js.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cluster/event.h"
#include "cluster/handles.h"
#include "cluster/policy.h"
#include "cluster/worker.h"
#include "loop/signal_watcher.h"

namespace cluster {

class Primary {
 public:
  // Undoes what this process may have inherited: no signal is blocked afterwards.
  Primary();

  Worker& fork(const std::map<std::string, std::string>& env);
  void disconnect(std::function<void()> done);
  void disconnect(Worker& worker);

  const Handles& handles() const { return handles_; }

  Settings settings;
  Policy policy;
  std::map<int, std::shared_ptr<Worker>> workers;  // by id; who was asked to leave is not here
  Event<Worker&> on_fork, on_online, on_signalled, on_disconnect, on_death;
  Event<Worker&, const Query&> on_listening;
  Event<Worker&, const Ending&> on_exit;
  Event<Worker&, const std::string&> on_message;
  std::function<void(Worker&, const std::string&, UserSocket)> on_socket;  // if somebody takes them

  // A worker was refused its place; since then none has got one, or ended well.
  static inline bool failed_to_start = false;

 private:
  ipc::Channel::Events events_of(int id);
  // What a worker says. `fd` came with it; it is empty if none was announced, or if it was lost.
  void received(Worker& worker, const ipc::Online& online, net::SharedFd);
  void received(Worker& worker, const ipc::QueryServer& question, net::SharedFd);
  void received(Worker& worker, const ipc::Listening& listening, net::SharedFd);
  void received(Worker& worker, const ipc::Close& close, net::SharedFd);
  void received(Worker& worker, const ipc::ExitedAfterDisconnect& question, net::SharedFd);
  void received(Worker& worker, const ipc::HandBack& hand_back, net::SharedFd fd);
  void received(Worker& worker, const ipc::Reply& reply, net::SharedFd);
  void received(Worker& worker, const ipc::User& user, net::SharedFd fd);
  void received(Worker& worker, const ipc::SocketGetCount& question, net::SharedFd);
  void received(Worker& worker, const ipc::SocketNotifyClose& question, net::SharedFd);
  template <typename Other>  // which only a primary says
  void received(Worker&, const Other&, net::SharedFd) {}

  bool may_hand_back(const Worker& worker) const;
  void channel_ended(Worker& worker, const std::string& error);
  void reap();
  void exited(std::shared_ptr<Worker> worker, const Ending& ending);

  int last_id_ = 0;
  std::map<int, std::shared_ptr<Worker>> running_;  // all that have not exited, by id
  Handles handles_;
  loop::SignalWatcher children_;  // SIGCHLD
  std::vector<std::function<void()>> waiting_for_the_end_;
};

// The primary of this process. Not to be called in a worker.
Primary& primary();

}  // namespace cluster
