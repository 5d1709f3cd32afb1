// The memory of requests, used again and again: connections that wait for one hold none.
#pragma once

#include <memory>

#include "http/request.h"

namespace http {

struct ReturnToPool {
  void operator()(Request* request) const;
};

// Returns itself to the pool, which all connections of this process share.
using PooledRequest = std::unique_ptr<Request, ReturnToPool>;

// An empty request.
PooledRequest take_request();

}  // namespace http
