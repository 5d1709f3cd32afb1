// How workers leave.
#include "api.h"

namespace {

SCENARIO(a_worker_may_leave_by_itself) {
  if (cluster::is_worker()) {
    listen_somewhere();
    return cluster::worker().on_message([](const std::string&) { cluster::worker().disconnect(); });
  }
  cluster::on_listening([](Worker& w, const Query&) { w.send("\"leave\""); });
  cluster::on_exit([](Worker& w, const Ending& ending) {
    EXPECT(w.exited_after_disconnect() && ending.code == 0);
    note("left");
  });
  cluster::fork();
  EXPECT(cluster::run() == 0);
  EXPECT(history() == "left ");
}

SCENARIO(disconnect_calls_back_when_all_are_gone) {
  if (cluster::is_worker()) return listen_somewhere();
  static int cycles = 0;
  cluster::on_listening([](Worker& w, const Query&) {
    if (w.id() % 3 != 0) return;
    cluster::disconnect([] {
      EXPECT(cluster::workers().empty());
      if (++cycles == 1) cluster::fork(), cluster::fork(), cluster::fork();
    });
  });
  cluster::on_exit(
      [](Worker& w, const Ending& e) { EXPECT(w.exited_after_disconnect() && e.code == 0); });
  cluster::fork(), cluster::fork(), cluster::fork();
  EXPECT(cluster::run() == 0);
  EXPECT(cycles == 2);
}

SCENARIO(disconnect_without_workers_calls_back_too) {
  if (cluster::is_worker()) return;
  cluster::disconnect([] { note("done"); });
  EXPECT(history().empty());  // never before disconnect() has returned
  EXPECT(cluster::run() == 0);
  EXPECT(history() == "done ");
}

SCENARIO(a_worker_can_be_disconnected_before_it_is_online) {
  if (cluster::is_worker()) return listen_somewhere();
  cluster::on_exit([](Worker& w, const Ending& ending) {
    EXPECT(w.exited_after_disconnect() && ending.code == 0);
    note("left");
  });
  cluster::fork().disconnect();
  EXPECT(cluster::run() == 0);
  EXPECT(history() == "left ");
}

SCENARIO(one_that_never_listened_does_not_disturb_the_others) {
  if (cluster::is_worker()) {
    if (cluster::worker().id() == 2) listen_somewhere();
    return;
  }
  cluster::on_listening([](Worker&, const Query&) { cluster::workers().at(1)->disconnect(); });
  cluster::on_exit([](Worker& w, const Ending&) {
    note(std::to_string(w.id()));
    if (w.id() == 1) EXPECT(cluster::workers().at(2)->is_connected());
    if (w.id() == 1) cluster::workers().at(2)->disconnect();
  });
  cluster::fork(), cluster::fork();
  EXPECT(cluster::run() == 0);
  EXPECT(history() == "1 2 ");
}

}  // namespace
