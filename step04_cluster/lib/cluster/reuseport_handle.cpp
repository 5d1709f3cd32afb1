#include "cluster/reuseport_handle.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "cluster/utils.h"
#include "listener.h"
#include "net/socket.h"

namespace cluster {

ReusePortHandle::ReusePortHandle(const std::string& key, ipc::Query query)
    : Handle(key), query_(std::move(query)) {
  slots_.push_back(new_slot());
  query_.port = port_of(slots_.front().acceptor->listener());
}

bool ReusePortHandle::has(const Worker& worker) const {
  return std::ranges::find(slots_, &worker, &Slot::worker) != slots_.end();
}

void ReusePortHandle::admit(Worker& worker, std::int64_t question) {
  const ipc::line::Answer answer = {.ack = question, .key = key_, .data = query_.data};
  drop_broken_slots();
  const std::size_t before = slots_.size();
  Slot& slot = free_slot();
  try {
    worker.channel().send(ipc::line::with_handle(ipc::line::answer(answer, next_seq())),
                          slot.acceptor->listener());
  } catch (const std::system_error&) {
    leave_unattended(slots_.size() > before);
    throw;
  }
  slot.acceptor->pause();
  slot.worker = &worker;
  if (worker.can_hand_back()) dealer_.add(worker);
}

// The kernel lets everybody join whose user is the same, another server, too. So the first socket
// is bound, and listens, like one that shares its port with nobody: if another server has it, that
// fails. Only then may others join.
ReusePortHandle::Slot ReusePortHandle::new_slot() {
  const bool is_first = slots_.empty();
  net::BoundSocket socket = bind_for(query_, !is_first);
  listen_on(socket.fd.get(), query_);
  if (is_first) net::reuse_port(socket.fd.get());
  const auto deal = [this](UniqueFd connection) { dealer_.deal(std::move(connection)); };
  const auto broke = [this, fd = socket.fd.get()](int error) { slot_broke(fd, error); };
  return {std::make_unique<net::Acceptor>(std::move(socket), deal, broke)};
}

// The others are sockets of their own.
void ReusePortHandle::slot_broke(int socket, int error) {
  std::erase_if(slots_, [=](const Slot& slot) { return slot.acceptor->listener() == socket; });
  socket_broke(error);
}

// Those whose worker has shut the socket down before it went: nobody can have them any more.
void ReusePortHandle::drop_broken_slots() {
  std::erase_if(slots_, [](const Slot& slot) {
    return slot.worker == nullptr && !net::can_accept(slot.acceptor->listener());
  });
}

ReusePortHandle::Slot& ReusePortHandle::free_slot() {
  const auto found = std::ranges::find(slots_, nullptr, &Slot::worker);
  if (found != slots_.end()) return *found;
  slots_.push_back(new_slot());
  return slots_.back();
}

bool ReusePortHandle::remove(Worker& worker) {
  const auto found = std::ranges::find(slots_, &worker, &Slot::worker);
  if (found == slots_.end()) return false;
  found->worker = nullptr;
  dealer_.remove(worker);
  const bool by_its_own_wish = worker.is_connected() && !worker.is_dead() && !worker.is_signalled();
  if (dealer_.has_workers())
    want(true);
  else if (by_its_own_wish)
    slots_.erase(found);
  return true;
}

// A worker has not got its slot, and clients come to that all the same: the others get them. If
// none of the others takes any, a slot that is new is closed, before clients come.
void ReusePortHandle::leave_unattended(bool is_new) {
  if (dealer_.has_workers())
    want(true);
  else if (is_new)
    slots_.pop_back();
}

void ReusePortHandle::want(bool more) {
  for (const Slot& slot : slots_) {
    if (slot.worker == nullptr) slot.acceptor->accept(more);
  }
}

bool ReusePortHandle::is_empty() const {
  return std::ranges::all_of(slots_, [](const Slot& slot) { return slot.worker == nullptr; });
}

std::vector<int> ReusePortHandle::sockets() const {
  std::vector<int> sockets;
  for (const Slot& slot : slots_) sockets.push_back(slot.acceptor->listener());
  return sockets;
}

}  // namespace cluster
