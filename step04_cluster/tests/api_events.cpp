// Events, states, identity.
#include <unistd.h>

#include <csignal>

#include "api.h"

namespace {

SCENARIO(events_come_in_order) {
  if (cluster::is_worker()) return listen_somewhere();
  cluster::on_fork([](Worker& w) { note("fork"), EXPECT(w.state() == State::kNone); });
  cluster::on_online([](Worker& w) { note("online"), EXPECT(w.state() == State::kOnline); });
  cluster::on_listening([](Worker& w, const Query& where) {
    note("listening");
    EXPECT(w.state() == State::kListening);
    EXPECT(where.address == "127.0.0.1");
    EXPECT(where.port > 0);
    EXPECT(where.address_type == "4");
    EXPECT(w.is_connected() && !w.is_dead());
    w.disconnect();
    EXPECT(w.exited_after_disconnect());
  });
  cluster::on_disconnect([](Worker& w) {
    note("disconnect");
    EXPECT(w.state() == State::kDisconnected && !w.is_connected());
    EXPECT(cluster::workers().empty());  // since it was asked to leave
  });
  cluster::on_exit([](Worker& w, const Ending& ending) {
    note("exit");
    EXPECT(ending.code == 0 && ending.signal == -1);
    EXPECT(w.state() == State::kDead && w.is_dead() && !w.is_connected());
    EXPECT(cluster::workers().empty());
  });
  cluster::on_death([](Worker&) { note("death"); });
  Worker& worker = cluster::fork();
  EXPECT(history().empty());  // nothing happens before fork() has returned
  EXPECT(worker.is_connected() && worker.state() == State::kNone);
  EXPECT(cluster::run() == 0);
  EXPECT(history() == "fork online listening disconnect exit death ");
}

SCENARIO(ids_are_never_used_again) {
  if (cluster::is_worker()) return cluster::worker().send(std::to_string(cluster::worker().id()));
  cluster::on_message([](Worker& w, const std::string& id) {
    EXPECT(id == std::to_string(w.id()));
    w.kill();
  });
  cluster::on_exit([](Worker& w, const Ending&) {
    note(std::to_string(w.id()));
    if (w.id() < 4) cluster::fork();
  });
  cluster::fork();
  EXPECT(cluster::run() == 0);
  EXPECT(history() == "1 2 3 4 ");
}

SCENARIO(a_worker_gets_the_variables_that_are_meant_for_it) {
  if (cluster::is_worker()) {
    const char* mine = std::getenv("MINE");
    EXPECT(std::getenv("NODE_UNIQUE_ID") == nullptr);
    EXPECT(std::getenv("NODE_CHANNEL_FD") == nullptr);
    EXPECT(std::getenv("NODE_CHANNEL_SERIALIZATION_MODE") == nullptr);
    cluster::worker().send(failed() ? "\"leaked\"" : mine == nullptr ? "null" : mine);
    return cluster::worker().disconnect();
  }
  cluster::on_message(
      [](Worker& w, const std::string& json) { note(std::to_string(w.id()) + "=" + json); });
  cluster::fork({{"MINE", "17"}});
  cluster::on_exit([](Worker& w, const Ending&) {
    if (w.id() == 1) cluster::fork();
  });
  EXPECT(cluster::run() == 0);
  EXPECT(history() == "1=17 2=null ");
}

SCENARIO(an_ending_is_what_waitpid_says) {
  if (cluster::is_worker()) {
    if (cluster::worker().id() == 1) std::exit(42);
    std::raise(SIGUSR1);
  }
  cluster::on_exit([](Worker& w, const Ending& ending) {
    note(to_string(ending));
    EXPECT(!w.exited_after_disconnect());
    if (w.id() == 1) cluster::fork();
  });
  cluster::fork();
  EXPECT(cluster::run() == 0);
  EXPECT(history() == "exit 42 signal 10 ");
}

SCENARIO(a_stuck_worker_can_be_killed) {
  if (cluster::is_worker()) {
    cluster::worker().send("\"stuck\"");
    while (true) pause();
  }
  cluster::on_message([](Worker& w, const std::string&) { w.kill(); });
  cluster::on_exit([](Worker&, const Ending& ending) { EXPECT(ending.signal == SIGTERM); });
  cluster::fork();
  EXPECT(cluster::run() == 0);
}

}  // namespace
