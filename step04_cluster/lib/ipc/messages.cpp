#include "ipc/messages.h"

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "ipc/newconn.h"
#include "ipc/json_text.h"

namespace ipc {

namespace {

// To read; and to write, with the members in the order in which they were added, which is Node's.
// (To read, that order would be searched for each member: a large message would take minutes.)
using Json = nlohmann::json;
using Ordered = nlohmann::ordered_json;

constexpr const char* kHandBack = "handback";
constexpr int kMaxWrapped = 4;  // Node sends a message again three times, wrapped once more

// The member `name`; null if there is none.
const Json& member(const Json& body, const char* name) {
  static const Json null;
  const auto found = body.find(name);
  return found == body.end() ? null : *found;
}

// What JavaScript takes for false, in a condition.
bool is_falsy(const Json& value) {
  return value.is_null() || value == Json(false) || value == Json(0) || value == Json("");
}

// A whole number within these bounds; nothing, if it is something else. (Node 20 writes "backlog":
// false.)
std::optional<std::int64_t> number(const Json& body, const char* name, std::int64_t otherwise,
                                   std::int64_t least, std::int64_t most) {
  const Json& value = member(body, name);
  if (is_falsy(value) && !value.is_number()) return otherwise;
  const bool fits = value.is_number_unsigned()
                        ? value.get<std::uint64_t>() <= static_cast<std::uint64_t>(most)
                        : value.is_number_integer() && value.get<std::int64_t>() >= least;
  if (!fits) return std::nullopt;
  return value.get<std::int64_t>();
}

std::int64_t sequence_number(const Json& body, const char* name) {
  return number(body, name, -1, 0, std::int64_t{1} << 53).value_or(-1);
}

std::string text(const Json& body, const char* name) {
  const Json& value = member(body, name);
  return value.is_string() ? value.get<std::string>() : "";
}

std::string address_type(const Json& body) {
  const Json& value = member(body, "addressType");
  return value.is_string() ? value.get<std::string>() : value.dump();
}

Query decode_query(const Json& body) {
  Query query;
  const auto take = [&](const char* name, int least, int most) {
    const auto found = number(body, name, 0, least, most);
    query.makes_sense = query.makes_sense && found;
    return static_cast<int>(found.value_or(0));
  };
  const Json& address = member(body, "address");
  if (!address.is_null()) query.address = text(body, "address");
  query.makes_sense = address.is_null() || address.is_string();
  query.port = take("port", -1, 65535);
  query.address_type = address_type(body);
  query.index = take("index", 0, 65535);
  const int fd = take("fd", -1, 1 << 30);
  if (!member(body, "fd").is_null() && fd >= 0) query.fd = fd;
  query.flags = take("flags", 0, 65535);
  query.backlog = static_cast<int>(number(body, "backlog", 0, 0, 1 << 30).value_or(0));
  query.readable_by_all = !is_falsy(member(body, "readableAll"));
  query.writable_by_all = !is_falsy(member(body, "writableAll"));
  return query;
}

std::optional<SocketName> decode_name(const Json& body) {
  const Json& name = member(body, "sockname");
  if (!name.is_object()) return std::nullopt;
  const auto port = number(name, "port", 0, 0, 65535);
  return SocketName{text(name, "address"), static_cast<int>(port.value_or(0))};
}

// What a peer can do beyond Node's protocol. Node's own messages have no such member.
bool has_feature(const Json& body, const char* name) {
  const Json& features = member(body, "features");
  return features.is_array() && std::ranges::find(features, name) != features.end();
}

Message decode_cluster(std::string_view json) {
  const Json body = Json::parse(json);
  Message message = {.kind = Message::Kind::kCluster};
  message.act = text(body, "act");
  message.seq = sequence_number(body, "seq");
  message.ack = sequence_number(body, "ack");
  message.key = text(body, "key");
  message.accepted = !is_falsy(member(body, "accepted"));
  message.returned = member(body, "returned") == Json(true);
  message.hands_back = has_feature(body, kHandBack);
  message.signalled = member(body, "signalled") == Json(true);
  message.error = -static_cast<int>(number(body, "errno", 0, -4095, 0).value_or(-EINVAL));
  message.name = decode_name(body);
  if (message.act == "queryServer" || message.act == "listening") {
    message.query = decode_query(body);
    if (body.contains("data")) message.query.data = member_text(json, "data");
  }
  return message;
}

// `cmd` is that of one of Node's messages, or of ours; any other one is a user's.
Message decode_unwrapped(const std::string& cmd, std::string_view json) {
  const bool is_users = !cmd.starts_with("NODE_") || cmd.size() <= 5;
  if (is_users) return {.kind = Message::Kind::kUser, .text = std::string(json)};
  if (cmd == "NODE_CLUSTER") return decode_cluster(json);
  if (cmd == "NODE_HANDLE_ACK") return {.kind = Message::Kind::kHandleAck};
  if (cmd == "NODE_HANDLE_NACK") return {.kind = Message::Kind::kHandleNack};
  const std::string key(member_text(json, "key"));
  if (cmd == "NODE_SOCKET_GET_COUNT") return {.kind = Message::Kind::kSocketCount, .key = key};
  if (cmd == "NODE_SOCKET_NOTIFY_CLOSE") return {.kind = Message::Kind::kSocketsClose, .key = key};
  return {.kind = Message::Kind::kOther};
}

Ordered cluster_message(const char* act) {
  return {{"cmd", "NODE_CLUSTER"}, {"act", act}};
}

std::string finish(Ordered body, std::int64_t seq) {
  body["seq"] = seq;
  return body.dump();
}

Ordered query_message(const char* act, const Query& query) {
  Ordered body = cluster_message(act);
  body["index"] = query.index;
  body["data"] = nullptr;  // servers of ours share none
  body["address"] = query.address ? Ordered(*query.address) : Ordered();
  body["port"] = query.port;
  body["addressType"] = std::stoi(query.address_type);  // of ours: 4, 6, or -1 for a path
  // There is no member "fd": in JavaScript even null >= 0, and a Node primary would look for it.
  body["flags"] = query.flags;
  body["backlog"] = query.backlog;
  return body;
}

}  // namespace

Message decode(std::string_view line) {
  if (std::optional<Message> message = decode_hot(line)) return *std::move(message);
  const std::string whole = checked_json(line);
  std::string_view json = whole;
  std::string cmd = member_string(json, "cmd");
  std::string key;
  int wrapped = 0;  // a repeated message is wrapped once more: one descriptor all the same
  for (; cmd == "NODE_HANDLE" && wrapped < kMaxWrapped; ++wrapped) {
    key = member_text(json, "key");
    json = member_text(json, "msg");
    cmd = member_string(json, "cmd");
  }
  Message message = decode_unwrapped(cmd, json.empty() ? "null" : json);
  message.has_handle = wrapped > 0;
  if (message.kind == Message::Kind::kUser) message.key = std::move(key);
  return message;
}

std::string line::online(std::int64_t seq) {
  Ordered body = cluster_message("online");
  body["features"] = Ordered::array({kHandBack});
  return finish(body, seq);
}

std::string line::query_server(const Query& query, std::int64_t seq) {
  return finish(query_message("queryServer", query), seq);
}

std::string line::listening(const Query& query, std::int64_t seq) {
  return finish(query_message("listening", query), seq);
}

std::string line::close(const std::string& key, std::int64_t seq) {
  Ordered body = cluster_message("close");
  body["key"] = key;
  return finish(body, seq);
}

std::string line::exited_after_disconnect(std::int64_t seq, bool signalled) {
  Ordered body = cluster_message("exitedAfterDisconnect");
  if (signalled) body["signalled"] = true;
  return finish(body, seq);
}

std::string line::handback(const std::string& key, std::int64_t seq) {
  Ordered body = cluster_message("handback");
  body["key"] = key;
  return finish(body, seq);
}

std::string line::disconnect(std::int64_t seq, bool hands_back) {
  Ordered body = cluster_message("disconnect");
  if (hands_back) body["features"] = Ordered::array({kHandBack});
  return finish(body, seq);
}

std::string line::acknowledge(std::int64_t ack, std::int64_t seq, bool hands_back) {
  Ordered body = {{"cmd", "NODE_CLUSTER"}, {"ack", ack}};
  if (hands_back) body["features"] = Ordered::array({kHandBack});
  return finish(body, seq);
}

std::string line::answer(const Answer& answer, std::int64_t seq) {
  Ordered body = {{"cmd", "NODE_CLUSTER"}, {"errno", -answer.error}, {"key", answer.key}};
  body["ack"] = answer.ack;
  Ordered rest;
  if (answer.name) {
    const bool is_ipv6 = answer.name->address.find(':') != std::string::npos;
    rest["sockname"] = {{"address", answer.name->address},
                        {"family", is_ipv6 ? "IPv6" : "IPv4"},
                        {"port", answer.name->port}};
  }
  // What a worker gave as data is passed on as it is: it may be as large as a message.
  std::string text = body.dump();
  text.back() = ',';
  return text + R"("data":)" + answer.data + "," + finish(rest, seq).substr(1);
}

std::string line::with_handle(const std::string& message, const std::string& type) {
  return R"({"cmd":"NODE_HANDLE","type":")" + type + R"(","msg":)" + message + "}";
}

std::string line::user(const std::string& json) {
  if (json.size() > kMaxLine) throw std::invalid_argument("send: more than 64 MiB");
  try {
    std::string one_line = checked_json(json);
    std::ranges::replace(one_line, '\n', ' ');  // between values: inside a string JSON allows none
    return one_line;
  } catch (const ProtocolError& error) {
    throw std::invalid_argument(std::string("send: ") + error.what() + ": " + json.substr(0, 100));
  }
}

}  // namespace ipc
