#include "cluster/worker.h"

#include <sys/wait.h>

#include <utility>

#include "console.h"

namespace cluster {

Worker::Worker(int id, ChildProcess process, ipc::Channel::Events events,
               std::function<void()> leave)
    : id_(id),
      pid_(process.pid),
      channel_(std::move(process.channel), std::move(events), process.max_message_size),
      leave_(std::move(leave)) {}

void Worker::note_online(bool can_hand_back) {
  state_ = State::kOnline;
  can_hand_back_ = can_hand_back;
}

// A signal counts only if nobody has asked it to leave before.
void Worker::note_leaving(bool is_signalled) {
  if (is_signalled && !exited_after_disconnect_) is_signalled_ = true;
  exited_after_disconnect_ = true;
}

// The process id cannot belong to anybody else before the primary has reaped the worker, and with
// that it is dead.
void Worker::kill(int signal) const {
  if (!is_dead()) ::kill(pid_, signal);
}

void Worker::unheard(const std::string& json) {
  if (std::exchange(is_unheard_, true)) return;
  complain("cluster: worker " + std::to_string(id_) + " (pid " + std::to_string(pid_) +
           ") sends messages, and nobody listens: " + json.substr(0, 60));
}

Ending ending_of(int status) {
  if (WIFSIGNALED(status)) return {.signal = WTERMSIG(status)};
  return {.code = WEXITSTATUS(status)};
}

std::string to_string(const Ending& ending) {
  if (ending.signal != -1) return "signal " + std::to_string(ending.signal);
  return "exit " + std::to_string(ending.code);
}

}  // namespace cluster
