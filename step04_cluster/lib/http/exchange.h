// What a request needs while it is read, and while it is answered. Other connections have the
// memory then: one that is idle holds none of it.
#pragma once

#include <functional>

#include "http/answer.h"
#include "http/parser.h"
#include "http/pooled.h"
#include "http/request.h"

namespace http {

struct Incoming {
  Parser parser;
  Request request;

  void clear() { request.clear(); }
};

struct Outgoing {
  Answer answer;
  std::function<void()> on_drain;
  std::function<void()> on_close;

  void clear() { *this = {}; }
};

// Ready for the first byte. `options` must live as long as it.
Pooled<Incoming> take_incoming(const Options& options);

// An answer to `request`. `lines` must live as long as it.
Pooled<Outgoing> take_outgoing(const Request& request, const CommonLines& lines);

}  // namespace http
