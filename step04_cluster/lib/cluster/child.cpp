#include "cluster/child.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <stdexcept>
#include <utility>
#include <variant>

#include "ipc/newconn.h"
#include "cluster/identity.h"
#include "cluster/utils.h"
#include "listener.h"
#include "net/socket.h"

namespace cluster {

namespace {

constexpr unsigned kAlone = 10;  // seconds

// Without a primary there is nobody who would kill us if we did not come to an end.
void end_soon(int) {
  std::signal(SIGALRM, SIG_DFL);
  alarm(kAlone);
}

}  // namespace

Child::Child(int id, UniqueFd channel)
    : id_(id),
      channel_(
          std::move(channel),
          {.message =
               [this](const ipc::Message& message, net::SharedFd fd) {
                 std::visit([&](const auto& body) { received(body, fd.take()); }, message.body);
               },
           .acknowledged = [this](std::int64_t, bool arrived) { hand_back_.acknowledged(arrived); },
           .flushed = [this] { serve_taken(); },
           .end = [this](const std::string& error) { channel_ended(error); }}) {
  for (const int signal : {SIGINT, SIGHUP, SIGTTIN, SIGTTOU}) std::signal(signal, SIG_IGN);
  channel_.send(ipc::line::online(next_seq()));
}

// Two questions have answers: may we leave, and where do we listen?
void Child::received(const ipc::Reply& reply, UniqueFd fd) {
  if (reply.ack == last_question_) return leave(reply.hand_back);
  const auto found = asked_.find(reply.ack);
  if (found == asked_.end()) return;  // the answer to a question that we did not ask
  Server server = std::move(found->second);
  asked_.erase(found);
  query_answered(std::move(server), reply, std::move(fd));
}

void Child::received(const ipc::Disconnect& request, UniqueFd) {
  leave(request.hand_back);
}

void Child::received(const ipc::User& user, UniqueFd fd) {
  if (!socket_taker_ || !fd || !net::is_connection(fd.get())) return message_.emit(user.json);
  socket_taker_(user.json, sockets_.add(user, std::move(fd)));
}

// server.listen() ends up here: the primary is asked, and answers when it can.
void Child::listen(std::shared_ptr<net::Connections> connections, const net::Where& where,
                   net::Outcome outcome) {
  ipc::Query query = query_of(where);
  query.index = free_index(query);
  const std::int64_t seq = next_seq();
  channel_.send(ipc::line::query_server(query, seq));
  asked_.emplace(seq, Server{std::move(connections), std::move(query), std::move(outcome)});
}

// Two servers of this worker that ask for the same get different indices.
int Child::free_index(const ipc::Query& query) const {
  int index = 0;
  const auto has_it = [&](const auto& entry) {
    const ipc::Query& other = entry.second.query;
    return place_of(other) == place_of(query) && other.index == index;
  };
  while (std::ranges::any_of(asked_, has_it) || std::ranges::any_of(servers_, has_it)) ++index;
  return index;
}

// The answer to queryServer. A descriptor in it means that we accept ourselves; without one the
// primary does, and offers us connections.
void Child::query_answered(Server server, const ipc::Reply& reply, UniqueFd fd) {
  server.key = reply.key;
  if (leaving_ || !server.connections) {  // we want it no longer
    if (reply.error == 0) channel_.send(ipc::line::close(server.key, next_seq()));
    return;
  }
  const bool is_lost = reply.has_handle && !fd;
  const int error = is_lost ? EMFILE : reply.error;
  if (error != 0) return failed(server, error);
  if (servers_.contains(server.key)) return failed(server, EADDRINUSE);
  if (fd) return listen_on_shared(std::move(server), std::move(fd));
  const ipc::SocketName name = reply.name.value_or(ipc::SocketName{"", server.query.port});
  started(std::move(server), name);
}

void Child::listen_on_shared(Server server, UniqueFd socket) {
  try {
    server.acceptor = accept_on(std::move(socket), server.query, server.connections,
                                [this, key = server.key](int) { lost(key); });
  } catch (const ListenError& error) {
    channel_.send(ipc::line::close(server.key, next_seq()));
    return failed(server, error.code().value());
  }
  const auto name = name_of(server.acceptor->listener());
  started(std::move(server), name.value_or(ipc::SocketName{}));
}

void Child::started(Server server, const ipc::SocketName& name) {
  ipc::Query where = server.query;
  if (!where.is_path()) where.port = name.port;
  const auto listening = server.outcome.listening;
  channel_.send(ipc::line::listening(where, next_seq()));
  servers_.insert_or_assign(server.key, std::move(server));
  if (listening)
    listening(where.is_path() ? place_of(where) : host_and_port(name.address, name.port));
}

void Child::failed(const Server& server, int error) {
  const ListenError failure(error, describe_place_of(server.query));
  if (server.outcome.failed) return server.outcome.failed(failure);
  net::fail(failure);
}

// A connection that the primary has accepted. Nothing is read from it before the primary can know
// that we have taken it: if we died now, it would give the connection to somebody else.
void Child::received(const ipc::NewConn& offer, UniqueFd connection) {
  const auto server = servers_.find(offer.key);
  const bool accepted =
      server != servers_.end() && connection && net::is_connection(connection.get());
  if (accepted)
    taken_.push_back({server->second.connections, std::move(connection), offer.handed_back});
  channel_.send(ipc::line::accepted(offer.seq, accepted, next_seq()));
}

// The answers are in the kernel. Should we die from now on, the primary still reads them.
void Child::serve_taken() {
  for (Taken& taken : std::exchange(taken_, {})) {
    if (taken.is_handed_back)
      taken.by->adopt(std::move(taken.connection));
    else
      taken.by->take(std::move(taken.connection));
  }
}

void Child::close(const std::shared_ptr<net::Connections>& connections) {
  for (auto& [seq, server] : asked_) {
    if (server.connections == connections) server.connections = nullptr;  // see query_answered()
  }
  std::vector<std::string> keys;
  std::erase_if(servers_, [&](const auto& entry) {
    const bool is_it = entry.second.connections == connections;
    if (is_it) keys.push_back(entry.first);
    return is_it;
  });
  for (const std::string& key : keys) channel_.send(ipc::line::close(key, next_seq()));
  connections->stop(nullptr, [] {});
}

// Somebody who shares this socket has shut it down. The primary says so; its clients are served on.
void Child::lost(const std::string& key) {
  channel_.send(ipc::line::close(key, next_seq()));
  servers_.erase(key);
}

// Tells the primary that this is no crash. Its answer says whether it adopts connections.
void Child::disconnect() {
  if (leaving_ || last_question_ != -1) return;
  last_question_ = next_seq();
  channel_.send(ipc::line::exited_after_disconnect(last_question_, signalled_));
}

// Until now, the kernel would have killed us with our primary. From now on, it only winds the
// clock.
void Child::terminate() {
  if (std::exchange(signalled_, true)) return;
  std::signal(SIGALRM, end_soon);
  prctl(PR_SET_PDEATHSIG, SIGALRM);
  disconnect();
}

void Child::leave(bool hand_back) {
  if (std::exchange(leaving_, true)) return;
  std::map<std::shared_ptr<net::Connections>, std::string> finishing;
  for (const auto& [key, server] : std::exchange(servers_, {})) {
    channel_.send(ipc::line::close(key, next_seq()));
    finishing.emplace(server.connections, key);  // of several keys, any will do
  }
  stopping_ = finishing.size() + 1;
  for (const auto& [connections, key] : finishing) {
    connections->stop(hand_back ? hand_back_.to(key) : nullptr, [this] { stopped(); });
  }
  stopped();
}

// One more of those that leave() has told to finish has finished; it counts itself as one.
void Child::stopped() {
  if (--stopping_ == 0) channel_.close_when_sent();
}

// Without its primary a worker has nothing to live for, unless both were told to end: our signal
// may have come at the same time, and then the loop has still to report it.
void Child::channel_ended(const std::string& error) {
  if (!error.empty()) loop::fail(std::make_exception_ptr(std::runtime_error("channel: " + error)));
  loop::post_after_events([this] {
    if (signalled_) return finish_alone();
    loop::stop();
  });
}

void Child::finish_alone() {
  prctl(PR_SET_PDEATHSIG, 0);  // it would come late
  end_soon(SIGALRM);
  hand_back_.close();
  leave(false);
}

Child& worker() {
  static Child child(identity().id, std::move(identity().channel));
  return child;
}

namespace {

// Before main(): wherever a worker calls net::listen(), its primary is asked.
[[maybe_unused]] const bool asks_its_primary = [] {
  if (identity().id == 0) return false;
  net::set_listen_hook({.listen =
                            [](auto connections, const auto& where, auto outcome) {
                              worker().listen(std::move(connections), where, std::move(outcome));
                            },
                        .close = [](const auto& connections) { worker().close(connections); }});
  return true;
}();

}  // namespace

}  // namespace cluster
