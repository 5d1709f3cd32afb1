#include "cluster/shared_handle.h"

#include <cerrno>

#include "cluster/utils.h"
#include "net/socket.h"

namespace cluster {

SharedHandle::SharedHandle(const std::string& key, const ipc::Query& query)
    : Handle(key),
      data_(query.data),
      type_(query.is_udp() ? "dgram.Native" : "net.Native"),
      socket_(bind_for(query)) {}

void SharedHandle::admit(Worker& worker, std::int64_t question) {
  const ipc::line::Answer answer = {.ack = question, .key = key_, .data = data_};
  worker.channel().send(ipc::line::with_handle(ipc::line::answer(answer, next_seq()), type_),
                        socket_.fd.get());
  workers_.insert(&worker);
  if (worker.can_hand_back()) dealer_.add(worker);
}

// A worker that accepts finds out that it no longer can; but closing the place is up to us. (A
// socket for datagrams never accepts.)
void SharedHandle::listening(const Worker& worker) {
  if (end_ || !has(worker) || !net::can_accept(socket_.fd.get())) return;
  end_.emplace(socket_.fd.get(), [this] { hung_up(); });
  end_->wait_until_hung_up();
}

bool SharedHandle::is_broken() const {
  return end_ && !net::can_accept(socket_.fd.get());
}

void SharedHandle::hung_up() {
  if (is_broken()) socket_broke(EINVAL);  // what accept(2) says
}

bool SharedHandle::remove(Worker& worker) {
  dealer_.remove(worker);
  return workers_.erase(&worker) != 0;
}

}  // namespace cluster
