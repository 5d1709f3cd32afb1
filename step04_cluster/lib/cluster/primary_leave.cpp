// How workers leave the primary: a server, all servers, or the cluster; asked to, by themselves, or
// because they die.
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "cluster/primary.h"
#include "cluster/utils.h"
#include "console.h"
#include "net/socket.h"

namespace cluster {

constexpr std::size_t kMaxReturned = 4096;

// Where workers have died, and no replacement has come to listen: for the longest time, or nowhere.
Primary::Handles::iterator Primary::longest_unused() {
  auto longest = handles_.end();
  for (auto i = handles_.begin(); i != handles_.end(); ++i) {
    if (!i->second->is_empty()) continue;
    const bool is_older =
        longest == handles_.end() || i->second->last_added() < longest->second->last_added();
    if (is_older) longest = i;
  }
  return longest;
}

void Primary::give_up(Handles::iterator unused) {
  complain("cluster: " + unused->second->place + " is closed: its workers are gone, and " +
           std::to_string(handles_.size()) + " places are open");
  handles_.erase(unused);
}

// A worker closes one of its servers.
void Primary::close(Worker& worker, const std::string& key) {
  const auto found = handles_.find(key);
  if (found == handles_.end()) return;
  if (found->second->remove(worker) && found->second->is_empty()) handles_.erase(found);
}

// A worker listens no longer. When the last one has left because it was asked to, the socket is
// closed, and clients are refused. When it died, or a signal told it to leave, the socket stays,
// and they wait for a replacement.
void Primary::remove_from_handles(Worker& worker) {
  std::erase_if(handles_, [&](const auto& entry) {
    const bool was_here = entry.second->remove(worker);
    const bool is_wanted = worker.exited_after_disconnect_ && !worker.is_signalled_;
    return was_here && is_wanted && entry.second->is_empty();
  });
}

// As in Node, it is in the list no longer, whatever it has still to finish.
void Primary::disconnect(Worker& worker) {
  workers.erase(worker.id_);
  worker.exited_after_disconnect_ = true;
  remove_from_handles(worker);
  const bool others_listen = !handles_.empty();
  worker.channel_.send(ipc::line::disconnect(next_seq(), others_listen && worker.hands_back_));
}

void Primary::disconnect(std::function<void()> done) {
  const auto all = running_;
  handles_.clear();
  for (const auto& [id, worker] : all) disconnect(*worker);
  if (all.empty()) return loop::post(std::move(done));
  waiting_for_the_end_.push_back(std::move(done));
}

// A worker leaves by itself, and waits for us to know.
void Primary::about_to_leave(Worker& worker, const ipc::Message& message) {
  const bool was_told = std::exchange(worker.exited_after_disconnect_, true);
  worker.is_signalled_ = message.signalled && !was_told;
  remove_from_handles(worker);
  const bool others_listen = !handles_.empty();
  const bool hands_back = others_listen && worker.hands_back_;
  worker.channel_.send(ipc::line::acknowledge(message.seq, next_seq(), hands_back));
  if (worker.is_signalled_) on_signalled.emit(worker);
}

// Connections that were handed back, and wait, use up our descriptors: workers may have a quarter
// of those, and one worker a quarter of that. What is beyond that stays with its worker.
bool Primary::has_room(const Worker& worker, const ipc::Message& message) const {
  if (message.act != "handback") return true;
  rlimit descriptors = {};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  const auto most = std::min<std::size_t>(kMaxReturned, descriptors.rlim_cur / 4);
  std::size_t all = 0;
  std::size_t its = 0;
  for (const auto& [key, handle] : handles_) {
    all += handle->waiting_returned();
    its += handle->waiting_from(worker);
  }
  return all < most && its < most / 4;
}

// A connection of a worker that leaves is idle: another one shall serve it.
void Primary::take_back(const Worker& worker, const ipc::Message& message,
                        net::SharedFd connection) {
  const auto found = handles_.find(message.key);
  if (found == handles_.end() || !net::is_connection(connection.get())) return;
  found->second->take_back(std::move(connection), worker);
}

void Primary::channel_ended(Worker& worker, const std::string& error) {
  if (!error.empty()) {
    complain("cluster: worker " + std::to_string(worker.id_) + " is killed: its channel: " + error);
    worker.kill(SIGKILL);
  }
  worker.state_ = Worker::State::kDisconnected;
  remove_from_handles(worker);
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
  worker->exited_ = true;
  for (const auto& [key, handle] : handles_) handle->remove(*worker);
  worker->channel_.read_last_words();
  if (worker->channel_.is_open()) {
    worker->channel_.close();  // somebody else, whom it has started, holds the other end
    channel_ended(*worker, "");
  }
  for (const auto& [key, handle] : handles_) handle->bury(*worker);

  worker->state_ = Worker::State::kDead;
  workers.erase(worker->id_);
  running_.erase(worker->id_);
  children_.keep_loop_running(!running_.empty());
  if (ending.code == 0) failed_to_start = false;
  on_exit.emit(*worker, ending);
  on_death.emit(*worker);
  loop::post([worker = std::move(worker)] {});  // destroyed later: its channel may be our caller
  if (!running_.empty()) return;
  for (const auto& done : std::exchange(waiting_for_the_end_, {})) done();
}

}  // namespace cluster
