#include "cluster/round_robin_handle.h"

#include <utility>

#include "cluster/utils.h"
#include "listener.h"

namespace cluster {

RoundRobinHandle::RoundRobinHandle(const std::string& key, const ipc::Query& query, Choice choose)
    : Handle(key, std::move(choose)),
      data_(query.data),
      acceptor_(
          listen_for(query), [this](UniqueFd connection) { dealer_.deal(std::move(connection)); },
          [this](int error) { socket_broke(error); }) {}

void RoundRobinHandle::admit(Worker& worker, std::int64_t question) {
  ipc::line::Answer answer = {.ack = question, .key = key_, .data = data_};
  answer.name = name_of(acceptor_.listener());
  worker.channel().send(ipc::line::answer(answer, next_seq()));
  dealer_.add(worker);
}

}  // namespace cluster
