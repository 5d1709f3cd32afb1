#include "http/request_pool.h"

#include <cstddef>
#include <vector>

namespace http {

namespace {

constexpr std::size_t kMaxSpare = 16;

std::vector<std::unique_ptr<Request>>& spare() {
  static std::vector<std::unique_ptr<Request>> requests;
  return requests;
}

}  // namespace

void ReturnToPool::operator()(Request* request) const {
  std::unique_ptr<Request> returned(request);
  if (spare().size() == kMaxSpare) return;
  returned->clear();
  spare().push_back(std::move(returned));
}

PooledRequest take_request() {
  if (spare().empty()) return PooledRequest(new Request);
  PooledRequest request(spare().back().release());
  spare().pop_back();
  return request;
}

}  // namespace http
