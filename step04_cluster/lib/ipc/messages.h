// The messages of Node's cluster: what primary and worker say to each other on the channel.
//
// Each is one line of JSON. This file knows how they are read, and lines.h how they are written;
// everybody else sees the structs. Its twin is spread over Node's
// lib/internal/cluster/{primary,child,utils}.js.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

namespace ipc {

// What a worker wants to listen on: the members of queryServer and of listening.
struct Query {
  std::optional<std::string> address = {};  // numeric; none: every address of this machine
  int port = 0;                             // 0: any free one
  std::string address_type = "4";           // "4" or "6", "-1" for a path; "udp4", "udp6"; "null"
  int index = 0;               // which of the worker's servers it is, among those on the same port
  std::optional<int> fd = {};  // a descriptor of the primary, in place of address and port
  unsigned flags = 0;          // 1: IPv6 only; for UDP also 4: SO_REUSEADDR
  int backlog = 0;             // for listen(2); 0: the default
  std::string data = "null";   // JSON that servers of the same name share
  bool readable_by_all = false;  // a path: see net/bind.h
  bool writable_by_all = false;
  bool makes_sense =
      true;  // no: a member was of the wrong type, and is now like one that is missing

  bool is_path() const { return address_type == "-1"; }
  bool is_udp() const { return address_type.starts_with("udp"); }
};

// Where the primary listens, in its answer to queryServer.
struct SocketName {
  std::string address;  // "127.0.0.1"
  int port = 0;
};

// What a worker says to its primary. `seq` is the number of a message that is answered: -1 if it
// has none.
struct Online {
  bool can_hand_back = false;  // connections, when it leaves; and it knows those of others
};
struct QueryServer {
  std::int64_t seq = -1;
  Query query = {};
};
struct Listening {
  Query query = {};
};
struct Close {
  std::string key = {};  // which listening socket: a name that the primary has given
};
struct ExitedAfterDisconnect {
  std::int64_t seq = -1;
  bool signalled = false;  // nobody here wants that, but a signal said so
};
struct HandBack {  // goes with a connection
  std::string key = {};
};

// What a primary says to its worker.
struct NewConn {  // goes with a connection
  std::string key = {};
  std::int64_t seq = -1;
  bool handed_back = false;  // another worker has served it
};
struct Disconnect {
  bool hand_back = false;  // it is to hand its idle connections back
};

// An answer, in both directions: what it means depends on the question.
struct Reply {
  std::int64_t ack = -1;                // the number of the message that it answers
  bool accepted = false;                // to newconn
  int error = 0;                        // to queryServer: an errno, 0 for success
  std::string key = {};                 // to queryServer
  std::optional<SocketName> name = {};  // to queryServer, if the primary accepts
  bool has_handle = false;              // to queryServer, if the worker accepts: a socket comes
  bool hand_back = false;               // to exitedAfterDisconnect: as in Disconnect
};

// The other end has got a descriptor, or has not: belongs to the channel, and ends there.
struct HandleAck {};
struct HandleNack {};

// A message of a program, in both directions.
struct User {
  std::string json = {};  // as it was written
  std::string key = {};   // JSON: the sender's name for the server of a socket that comes with it;
                          // empty if there is none: see user_sockets.h
};

// How many of the sockets `key`, which came with messages of users, are open? Tell me when none is.
struct SocketGetCount {
  std::string key = {};
};
struct SocketNotifyClose {
  std::string key = {};
};

// Node's own, and nothing to us.
struct Unknown {};

using Body = std::variant<Unknown, Online, QueryServer, Listening, Close, ExitedAfterDisconnect,
                          HandBack, NewConn, Disconnect, Reply, HandleAck, HandleNack, User,
                          SocketGetCount, SocketNotifyClose>;

// A message that has arrived. Members which it does not have keep their initial values; so do those
// that are not of their type, for Node would not know them either.
struct Message {
  Body body = {};
  bool has_handle = false;  // wrapped in NODE_HANDLE: a descriptor belongs to it
};

// The other end of a channel does not keep to the protocol.
class ProtocolError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Reads a line, without its newline. Throws ProtocolError if it is not JSON, or nested more than
// 100 deep. Half a character, see json_text.h, becomes "\ufffd". The time that it takes grows with
// the length of the line, and no faster: a worker must not hold up its primary.
Message decode(std::string_view line);

// The member `features`, in which each side names what it can do beyond Node's protocol, has this
// element if it knows of connections that are handed back. Node's own messages have no such member.
inline constexpr const char* kHandBack = "handback";

// A line may have this many bytes.
inline constexpr std::size_t kMaxLine = 64UL << 20;

}  // namespace ipc
