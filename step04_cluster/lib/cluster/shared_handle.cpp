#include "cluster/shared_handle.h"

#include "cluster/utils.h"

namespace cluster {

SharedHandle::SharedHandle(const std::string& key, const Query& query)
    : Handle(key),
      data_(query.data),
      type_(query.is_udp() ? "dgram.Native" : "net.Native"),
      socket_(bind_for(query)) {}

void SharedHandle::admit(Worker& worker, std::int64_t question) {
  const line::Answer answer = {.ack = question, .key = key_, .data = data_};
  worker.channel().send(line::with_handle(line::answer(answer, next_seq()), type_),
                        socket_.fd.get());
  workers_.insert(&worker);
  if (worker.hands_back()) dealer_.add(worker);
}

bool SharedHandle::remove(Worker& worker) {
  dealer_.remove(worker);
  return workers_.erase(&worker) != 0;
}

}  // namespace cluster
