// A worker, as the primary sees it.
//
// Its twin is Node's lib/internal/cluster/worker.js.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <functional>
#include <string>

#include "cluster/child_process.h"
#include "ipc/channel.h"
#include "ipc/lines.h"
#include "ipc/user_sockets.h"

namespace cluster {

using ipc::Query;       // what a worker wants to listen on
using ipc::UserSocket;  // a socket that a program gives away

class Worker {
 public:
  enum class State { kNone, kOnline, kListening, kDisconnected, kDead };

  // `leave` does what disconnect() says: the primary knows what the worker listens on.
  Worker(int id, ChildProcess process, ipc::Channel::Events events, std::function<void()> leave);

  int id() const { return id_; }  // 1, 2, 3, …; never used again
  pid_t pid() const { return pid_; }
  State state() const { return state_; }
  bool is_connected() const { return channel_.is_open(); }
  bool is_dead() const { return exited_; }

  // Can it hand its idle connections back when it leaves, and take those of others? Ours can.
  bool can_hand_back() const { return can_hand_back_; }

  // Did it leave because it was asked to, or said so itself?
  bool exited_after_disconnect() const { return exited_after_disconnect_; }

  // Sends a message, any JSON value, to its cluster::on_message(). Does nothing if the channel is
  // closed. Throws std::invalid_argument if it is not JSON.
  void send(const std::string& json) { channel_.send(ipc::line::user(json)); }

  // Does it leave because of a signal, so that another one is to take its place?
  bool is_signalled() const { return is_signalled_; }

  // Sends it a signal; does nothing if it is dead. See kill(2).
  void kill(int signal = SIGTERM) const;

  // Asks it to leave: it accepts no more, finishes what it has, closes the channel and exits.
  void disconnect() { leave_(); }

  // What follows is for the primary and its handles. The primary notes what it hears of the worker.
  void note(State state) { state_ = state; }
  void note_online(bool can_hand_back);
  void note_leaving(bool is_signalled);
  void note_exit() { exited_ = true; }
  void unheard(const std::string& json);  // says, once, that nobody listens to its messages
  ipc::Channel& channel() { return channel_; }
  ipc::UserSockets& sockets() { return sockets_; }

 private:
  int id_;
  pid_t pid_;
  State state_ = State::kNone;
  bool exited_ = false;
  bool can_hand_back_ = false;
  bool exited_after_disconnect_ = false;
  bool is_signalled_ = false;
  bool is_unheard_ = false;
  ipc::Channel channel_;
  ipc::UserSockets sockets_{channel_};
  std::function<void()> leave_;
};

// How a process ended: by exit(3), with this code, or by this signal; the other one is -1.
struct Ending {
  int code = -1;
  int signal = -1;
};

// From the status that waitpid(2) gives.
Ending ending_of(int status);

// "exit 1" or "signal 9".
std::string to_string(const Ending& ending);

}  // namespace cluster
