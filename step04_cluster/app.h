// The demo application: what ./cluster answers.
#pragma once

#include <map>
#include <string>

#include "http/server.h"
#include "loop/timer.h"

// Answers to
//   /          "Hello world"
//   /whoami    JSON: which worker this is, and how many requests it has had
//   /slow?ms=  after so many milliseconds, at most 600000
//   /bytes?n=  so many bytes, at most a gigabyte
//   /echo      POST: the body of the request
//   /healthz   200, as long as the service lasts; 503, when it ends soon
class App {
 public:
  // `id`: the worker's number.
  explicit App(int id) : id_(id) {}

  void answer(const http::Request& request, http::Response& response);

  // The service ends soon: from now on, /healthz answers 503.
  void drain() { is_draining_ = true; }

 private:
  void whoami(http::Response& response) const;
  void healthz(http::Response& response) const;
  void slow(const http::Request& request, http::Response& response);

  int id_;
  bool is_draining_ = false;
  long requests_ = 0;
  std::map<long, loop::Timer> timers_;  // of /slow, by the number of the request
};
