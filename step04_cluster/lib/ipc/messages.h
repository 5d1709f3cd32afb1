// The messages of Node's cluster: what primary and worker say to each other on the channel.
//
// Each is one line of JSON. This is the only file that knows how they are written; everybody else
// sees the struct. Its twin is spread over Node's lib/internal/cluster/{primary,child,utils}.js.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

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

// A message that has arrived. Members which it does not have keep their initial values; so do those
// that are not of their type, for Node would not know them either.
struct Message {
  enum class Kind {
    kUser,         // the user's: `text`, as it was written
    kCluster,      // NODE_CLUSTER: all the other members
    kHandleAck,    // NODE_HANDLE_ACK, NODE_HANDLE_NACK: the other end has got the descriptor, or
    kHandleNack,   // has not; they belong to the channel, and end there
    kSocketCount,  // NODE_SOCKET_GET_COUNT, NODE_SOCKET_NOTIFY_CLOSE: how many of the sockets `key`
    kSocketsClose,  // are open, and tell me when none is; see user_sockets.h
    kOther,         // Node's own, and nothing to us
  };
  Kind kind = Kind::kOther;
  bool has_handle = false;  // wrapped in NODE_HANDLE: a descriptor belongs to it
  std::string text = {};    // JSON

  std::string act = {};   // "online", "newconn", …; none in an answer
  std::int64_t seq = -1;  // the number of this message
  std::int64_t ack = -1;  // the number of the message that it answers
  std::string key = {};   // which listening socket it is about. Of a user's socket and of questions
                          // about those it is JSON, empty if there is none: see user_sockets.h
  bool accepted = false;  // the answer to newconn
  bool returned = false;  // newconn: another worker has handed this connection back
  bool hands_back = false;  // online: this worker can hand connections back; disconnect, and the
                            // answer to exitedAfterDisconnect: it shall
  bool signalled = false;   // exitedAfterDisconnect: nobody here wants that, but a signal said so
  int error = 0;            // the answer to queryServer: an errno, 0 for success
  std::optional<SocketName> name = {};
  Query query = {};
};

// The other end of a channel does not keep to the protocol.
class ProtocolError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Reads a line, without its newline. Throws ProtocolError if it is not JSON, or nested more than
// 100 deep. Half a character, see json_text.h, becomes "\ufffd". The time that it takes grows with
// the length of the line, and no faster: a worker must not hold up its primary.
Message decode(std::string_view line);

// A line may have this many bytes.
inline constexpr std::size_t kMaxLine = 64UL << 20;

// The lines, without their newline. `seq` is the message's own number, and `ack` that of the
// message it answers.
namespace line {

// From worker to primary.
std::string online(std::int64_t seq);  // with what Node does not know: Message::hands_back
std::string query_server(const Query& query, std::int64_t seq);
std::string listening(const Query& query, std::int64_t seq);
std::string close(const std::string& key, std::int64_t seq);
std::string exited_after_disconnect(std::int64_t seq, bool signalled);
std::string handback(const std::string& key, std::int64_t seq);  // goes with the connection

// From primary to worker.
std::string disconnect(std::int64_t seq, bool hands_back);
std::string acknowledge(std::int64_t ack, std::int64_t seq, bool hands_back);

// The answer to queryServer. `data` is JSON; `error` an errno, or 0.
struct Answer {
  std::int64_t ack;
  int error = 0;
  std::string key = {};
  std::string data = "null";
  std::optional<SocketName> name = {};
};
std::string answer(const Answer& answer, std::int64_t seq);

// Wraps the line of a message that a descriptor goes with; for UDP the `type` is dgram.Native.
std::string with_handle(const std::string& message, const std::string& type = "net.Native");

// A message of the user's, which can be any JSON value, as one line.
// Throws std::invalid_argument if it is not JSON, because a Node at the other end would die of it;
// if it is nested more than 100 deep; or longer than kMaxLine.
std::string user(const std::string& json);

}  // namespace line

}  // namespace ipc
