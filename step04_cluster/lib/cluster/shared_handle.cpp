#include "cluster/shared_handle.h"

#include <utility>

#include "cluster/utils.h"

namespace cluster {

SharedHandle::SharedHandle(std::string key, const Query& query)
    : key_(std::move(key)),
      data_(query.data),
      type_(query.is_udp() ? "dgram.Native" : "net.Native"),
      socket_(bind_for(query)) {}

void SharedHandle::add(Worker& worker, std::int64_t question) {
  const line::Answer answer = {.ack = question, .key = key_, .data = data_};
  worker.channel().send(line::with_handle(line::answer(answer, next_seq()), type_), socket_.get());
  workers_.insert(&worker);
}

}  // namespace cluster
