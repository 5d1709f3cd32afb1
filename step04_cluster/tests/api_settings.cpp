// How workers are started.
#include <unistd.h>

#include <iostream>
#include <stdexcept>

#include "api.h"

namespace {

SCENARIO(settings_add_up_and_hold_for_later_workers_only) {
  if (cluster::is_worker()) {
    char directory[4096];
    cluster::worker().send(std::string("\"") + getcwd(directory, sizeof(directory)) + " " +
                           (std::getenv("ADDED") != nullptr ? "added" : "") + "\"");
    return cluster::worker().disconnect();
  }
  cluster::on_message([](Worker&, const std::string& json) { note(json); });
  cluster::on_exit([](Worker& w, const Ending&) {
    if (w.id() == 1) cluster::setup_primary({.env = {{"ADDED", "1"}}});
    if (w.id() < 2) cluster::fork();
  });
  cluster::setup_primary({.cwd = "/"});
  cluster::fork();
  EXPECT(cluster::run() == 0);
  EXPECT(history() == "\"/ \" \"/ added\" ");
}

SCENARIO(a_silent_worker_prints_nothing) {
  if (cluster::is_worker()) {
    std::cout << "noise" << std::endl;
    return cluster::worker().disconnect();
  }
  cluster::setup_primary({.silent = true});
  cluster::on_exit([](Worker&, const Ending& ending) { EXPECT(ending.code == 0); });
  cluster::fork();
  EXPECT(cluster::run() == 0);
}

// Another program, since that user may not be allowed to read this one.
SCENARIO(a_worker_can_be_another_user) {
  if (getuid() != 0) return;  // only root may do that
  cluster::setup_primary({.exec = "/bin/bash",
                          .args = {{"-c", "echo \\\"$(id -u) $(id -G)\\\" >&$NODE_CHANNEL_FD"}},
                          .uid = 65534,
                          .gid = 65534});
  cluster::on_message([](Worker&, const std::string& ids) { note(ids); });
  cluster::fork();
  EXPECT(cluster::run() == 0);
  EXPECT(history() == "\"65534 65534\" ");
}

SCENARIO(a_program_that_is_not_there_is_reported) {
  cluster::setup_primary({.exec = "/no/such/program"});
  cluster::on_exit([](Worker&, const Ending& ending) { note(to_string(ending)); });
  cluster::fork();
  EXPECT(cluster::run() == 0);
  EXPECT(history() == "exit 127 ");
}

SCENARIO(an_exception_in_a_callback_ends_the_loop) {
  if (cluster::is_worker()) return;
  cluster::on_online([](Worker&) { throw std::runtime_error("as thrown"); });
  cluster::fork();
  EXPECT(cluster::run() == 1);
}

}  // namespace
