// Messages between primary and worker.
#include <csignal>
#include <stdexcept>

#include "api.h"

namespace {

SCENARIO(messages_go_both_ways) {
  if (cluster::is_worker()) {
    return cluster::worker().on_message([](const std::string& json) {
      cluster::worker().send("[" + json + "]");
      if (json == "\"last\"") cluster::worker().disconnect();
    });
  }
  cluster::on_message([](Worker&, const std::string& json) { note(json); });
  Worker& worker = cluster::fork();
  worker.send("1");  // it does not run yet: the channel keeps it
  worker.send("{\n \"two\": 2 }");
  worker.send("\"last\"");
  EXPECT(cluster::run() == 0);
  EXPECT(history() == "[1] [{  \"two\": 2 }] [\"last\"] ");
}

SCENARIO(what_is_not_json_is_not_sent) {
  if (cluster::is_worker()) return cluster::worker().disconnect();
  try {
    cluster::fork().send("hello");
    EXPECT(false);
  } catch (const std::invalid_argument&) {
    note("refused");
  }
  EXPECT(cluster::run() == 0);
  EXPECT(history() == "refused ");
}

SCENARIO(large_messages_arrive_whole) {
  if (cluster::is_worker()) {
    return cluster::worker().on_message([](const std::string& json) {
      cluster::worker().send(json);
      cluster::worker().disconnect();
    });
  }
  static const std::string large = '"' + std::string(800'000, 'x') + '"';
  cluster::on_message(
      [](Worker&, const std::string& json) { note(json == large ? "same" : "other"); });
  cluster::fork().send(large);
  EXPECT(cluster::run() == 0);
  EXPECT(history() == "same ");
}

SCENARIO(sending_to_the_dead_does_no_harm) {
  if (cluster::is_worker()) return;  // nothing to do: it ends when the channel does
  static std::shared_ptr<Worker> dead;
  cluster::on_online([](Worker& w) {
    w.kill(SIGKILL);
    for (int i = 0; i < 1000; ++i) w.send("\"are you there?\"");
    dead = cluster::workers().at(w.id());
  });
  cluster::on_exit([](Worker& w, const Ending&) {
    w.send("1");
    w.kill();
    w.disconnect();
  });
  cluster::fork();
  EXPECT(cluster::run() == 0);
  EXPECT(dead->is_dead());
  dead->send("1");
}

}  // namespace
