// The worker's own side: it asks its primary for what it wants to listen on, takes the connections
// that it is offered, leaves when it is asked to, and stops at once when the primary is gone.
//
// Its twin is Node's lib/internal/cluster/child.js.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cluster/event.h"
#include "cluster/hand_back_queue.h"
#include "ipc/channel.h"
#include "ipc/lines.h"
#include "ipc/user_sockets.h"
#include "loop/loop.h"
#include "net/acceptor.h"
#include "net/connections.h"
#include "net/listen.h"

namespace cluster {

class Child {
 public:
  // Says that it is online. From now on, Ctrl-C and the like are the primary's affair.
  Child(int id, UniqueFd channel);

  int id() const { return id_; }

  // Sends a message to the primary, any JSON value; throws std::invalid_argument if it is none.
  void send(const std::string& json) { channel_.send(ipc::line::user(json)); }
  void on_message(Event<const std::string&>::Listener listener) {
    message_.add(std::move(listener));
  }

  // A program that is our primary, in Node, may give a connection away: process.send(json, socket).
  // `taker` gets it, and on_message() nothing then. Without one it is closed.
  using SocketTaker = std::function<void(const std::string& json, ipc::UserSocket socket)>;
  void on_socket(SocketTaker taker) { socket_taker_ = std::move(taker); }

  // Leaves: tells the primary, accepts no more, finishes what it has, and closes the channel. run()
  // returns then, if nothing else is left to do.
  void disconnect();

  // The same because of a signal, which the primary may have got as well. If it is gone, this
  // worker finishes what it has all the same, for 10 s at most; if it stays, the port stays open,
  // for the worker that takes its place.
  void terminate();

  // Ends at once: process.disconnect() in Node.
  void drop() {
    channel_.close_when_sent();
    loop::stop();
  }

  // See net::listen() and net::close().
  void listen(std::shared_ptr<net::Connections> connections, const net::Where& where,
              net::Outcome outcome);
  void close(const std::shared_ptr<net::Connections>& connections);

 private:
  struct Server {
    std::shared_ptr<net::Connections> connections;
    ipc::Query query;
    net::Outcome outcome;
    std::string key = {};  // the primary's name for it, once it has answered
    std::unique_ptr<net::Acceptor> acceptor = {};  // if the socket is shared: we accept ourselves
  };
  struct Taken {
    std::shared_ptr<net::Connections> by;
    UniqueFd connection;
    bool is_handed_back;  // somebody else has served it before
  };

  // What the primary says. `fd` came with it; it is empty if none was announced, or if it was lost.
  void received(const ipc::NewConn& offer, UniqueFd connection);
  void received(const ipc::Disconnect& request, UniqueFd);
  void received(const ipc::Reply& reply, UniqueFd fd);
  void received(const ipc::User& user, UniqueFd fd);
  void received(const ipc::SocketGetCount& question, UniqueFd) { sockets_.answer(question); }
  void received(const ipc::SocketNotifyClose& question, UniqueFd) { sockets_.answer(question); }
  template <typename Other>  // which only a worker says
  void received(const Other&, UniqueFd) {}

  void query_answered(Server server, const ipc::Reply& reply, UniqueFd fd);
  void listen_on_shared(Server server, UniqueFd socket);
  void started(Server server, const ipc::SocketName& name);
  void failed(const Server& server, int error);
  void serve_taken();
  int free_index(const ipc::Query& query) const;
  void lost(const std::string& key);
  void leave(bool hand_back);
  void stopped();
  void channel_ended(const std::string& error);
  void finish_alone();

  int id_;
  ipc::Channel channel_;
  HandBackQueue hand_back_{channel_};
  ipc::UserSockets sockets_{channel_};
  Event<const std::string&> message_;
  SocketTaker socket_taker_;
  std::map<std::int64_t, Server> asked_;                // by the number of our question
  std::map<std::string, Server, std::less<>> servers_;  // by key
  std::vector<Taken> taken_;  // to be served once the primary can know that we have taken them
  std::size_t stopping_ = 0;  // connections that were told to finish, and have not yet
  bool leaving_ = false;
  bool signalled_ = false;           // terminate() was called
  std::int64_t last_question_ = -1;  // the number of exitedAfterDisconnect
};

// The worker that this process is. Not to be called in a primary.
Child& worker();

}  // namespace cluster
