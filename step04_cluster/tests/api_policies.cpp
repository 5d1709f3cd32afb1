// Policies that a program brings along.
#include <algorithm>
#include <deque>
#include <memory>
#include <string>

#include "api.h"
#include "cluster/policy.h"
#include "cluster/round_robin_handle.h"

namespace {

// Tells the primary about each connection, and lets go of it.
class Teller : public net::Connections {
 public:
  void take(UniqueFd /*connection*/) override { cluster::worker().send("\"taken\""); }
  void adopt(UniqueFd connection) override { take(std::move(connection)); }
  void stop(net::HandBack, std::function<void()> done) override { done(); }
};

std::size_t newest(const std::deque<Worker*>& free) {
  return std::ranges::max_element(free, {}, &Worker::id) - free.begin();
}

std::unique_ptr<cluster::Handle> new_handle(const std::string& key, const Query& query) {
  return std::make_unique<cluster::RoundRobinHandle>(key, query, newest);
}

}  // namespace

SCENARIO(a_policy_is_a_function_that_chooses) {
  if (cluster::is_worker()) return net::listen(std::make_shared<Teller>(), {});
  static std::string address;
  cluster::set_policy({"newest", new_handle});
  cluster::on_listening([](const Worker& worker, const Query& where) {
    address = "127.0.0.1:" + std::to_string(where.port);
    if (worker.id() == 3) EXPECT(can_connect(address));
  });
  cluster::on_message([](const Worker& worker, const std::string&) {
    note(std::to_string(worker.id()));
    if (history().size() < 10) return EXPECT(can_connect(address));
    cluster::disconnect();
  });
  for (int i = 0; i < 3; ++i) cluster::fork();
  EXPECT(cluster::policy().name == "newest");
  EXPECT(cluster::run() == 0);
  EXPECT(history() == "3 3 3 3 3 ");
}
