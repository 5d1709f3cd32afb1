// Keeps a number of workers running, replaces them without losing a request, and ends them when it
// is told to. It uses nothing but what the cluster offers to every program, as process managers use
// Node's.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include "cluster/cluster.h"
#include "cluster/event.h"
#include "loop/timer.h"
#include "supervisor/backoff.h"
#include "supervisor/liveness.h"
#include "supervisor/members.h"
#include "supervisor/signals.h"

namespace supervisor {

struct Options {
  int workers = 1;
  // To be listening by then; 0: it need not, and counts as ready when it is online.
  std::chrono::milliseconds start_timeout = std::chrono::seconds(10);
  std::chrono::milliseconds drain_timeout = std::chrono::seconds(10);  // to be gone by then
  std::chrono::milliseconds drain_grace = {};                          // to serve on after SIGTERM
  std::chrono::milliseconds liveness_timeout = {};  // to answer by then; 0: nobody is asked
};

inline constexpr int kMaxWorkers = 512;

// Prints what happens to the workers. Replaces one that ends unasked: see Backoff. If none of the
// first ones comes to listen, it gives up.
class Supervisor {
 public:
  // Starts the workers. Throws std::system_error.
  explicit Supervisor(const Options& options);

  // Replaces all workers by new ones, one after the other: each old one leaves when a new one
  // listens, or is online, if that is enough. If a new one fails to, the old ones stay. During a
  // reload, this means: once more, afterwards. SIGHUP, unless the terminal in which it was started
  // is closed: then that is a stop.
  void reload();

  // Asks all workers to leave: after the grace, in which they serve, and are replaced if they die,
  // but say that they will not serve for long. The second time, kills them. SIGTERM and SIGINT.
  void stop();

  // One worker more, or less: at least one stays. SIGTTIN and SIGTTOU.
  void resize(int change);

  // Calls `ended` when a reload has: `error` says why it failed, or nothing. And `over` when there
  // is nothing left to supervise.
  void on_reloaded(std::function<void(const std::string& error)> ended) {
    reloaded_.add(std::move(ended));
  }
  void on_over(std::function<void()> over) { over_.add(std::move(over)); }

  // After cluster::run(): 0 if the end was asked for, else 1.
  int exit_status() const { return is_stopping_ ? 0 : 1; }

  // The workers that have not exited, by id; and how many have ended unasked so far.
  const Members& members() const { return members_; }
  int deaths() const { return deaths_; }
  int wanted() const { return wanted_; }
  int generation() const { return generation_; }
  bool is_reloading() const { return is_reloading_; }
  bool is_stopping() const { return is_stopping_; }

 private:
  using Clock = std::chrono::steady_clock;

  void reconcile();
  bool start_workers();
  void start_worker();
  void ask_to_leave(Member& member);
  void wait_for_end(Member& member);
  void end_reload(const std::string& error);
  void online(cluster::Worker& worker);
  void listening(cluster::Worker& worker, const cluster::Query& where);
  void came_up(Member& member);
  void announce(const cluster::Query& where);
  void heard(cluster::Worker& worker, const std::string& json);
  void disconnected(cluster::Worker& worker);
  void outlived_its_channel(Member& member);
  void lost(const Member& member);
  void exited(cluster::Worker& worker, const cluster::Ending& ending);
  void shut_down();
  void kill_all();

  Options options_;
  int wanted_;  // workers
  Members members_;
  Backoff backoff_;
  int generation_ = 0;
  int deaths_ = 0;
  bool has_served_ = false;     // at least one worker has been listening
  bool has_announced_ = false;  // all have been
  bool is_reloading_ = false;
  bool reloads_again_ = false;  // it was asked for during the reload
  bool is_stopping_ = false;
  bool is_shutting_down_ = false;  // is_stopping_, and the grace is over
  cluster::Event<const std::string&> reloaded_;
  cluster::Event<> over_;
  loop::Timer retry_;
  loop::Timer grace_;
  loop::Timer drain_;
  Liveness liveness_;
  Signals signals_{*this};
};

}  // namespace supervisor
