// The control socket: lets its owner ask how the cluster is, reload it, and stop it.
//
// It speaks HTTP, so that any client will do: curl --unix-socket /run/app.control http://x/status
#pragma once

#include <chrono>
#include <list>
#include <string>

#include "http/server.h"
#include "loop/timer.h"
#include "net/acceptor.h"
#include "supervisor/supervisor.h"

namespace supervisor {

// Answers
//   GET /status    the table of the workers
//   GET /metrics   the same for Prometheus
//   POST /reload   when the reload has ended: 200, or 500 and the reason
//   POST /stop     at once: 200
//
// Only the user who runs the server, and root, may connect: others cannot open the file, and of a
// connection that came about in some other way, we ask the kernel who is at the other end. At most
// 16 at a time.
class Control {
 public:
  // Both must outlive it. Throws ListenError.
  Control(const std::string& path, Supervisor& supervisor);

 private:
  // A client waits for the workers' answers, or for the end of a reload.
  struct Question {
    http::Response response;
    bool is_metrics = false;
    std::chrono::steady_clock::time_point asked = std::chrono::steady_clock::now();
  };
  struct Reload {
    http::Response response;
    int reloads;  // that have to end before
  };

  void accepted(UniqueFd connection);
  void answer(const http::Request& request, http::Response& response);
  void ask_workers(const http::Response& response, bool is_metrics);
  bool have_all_answered(const Question& question) const;
  void answer_questions(bool at_once);
  void reload(const http::Response& response);
  void reloaded(const std::string& error);
  void close();

  Supervisor& supervisor_;
  http::Server server_;
  net::Acceptor acceptor_;
  std::list<Question> questions_;
  std::list<Reload> reloads_;
  loop::Timer too_late_;
};

}  // namespace supervisor
