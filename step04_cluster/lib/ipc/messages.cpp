#include "ipc/messages.h"

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "ipc/newconn.h"
#include "ipc/json_text.h"

namespace ipc {

namespace {

// Not ordered_json, which searches all members for each one: a large message would take minutes.
using Json = nlohmann::json;

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

bool has_feature(const Json& body, const char* name) {
  const Json& features = member(body, "features");
  return features.is_array() && std::ranges::find(features, name) != features.end();
}

Query query_of(const Json& body, std::string_view json) {
  Query query = decode_query(body);
  if (body.contains("data")) query.data = member_text(json, "data");
  return query;
}

Reply decode_reply(const Json& body, std::int64_t ack) {
  return {.ack = ack,
          .accepted = !is_falsy(member(body, "accepted")),
          .error = -static_cast<int>(number(body, "errno", 0, -4095, 0).value_or(-EINVAL)),
          .key = text(body, "key"),
          .name = decode_name(body),
          .hand_back = has_feature(body, kHandBack)};
}

bool is_true(const Json& body, const char* name) {
  return member(body, name) == Json(true);
}

Body decode_act(const std::string& act, const Json& body, std::string_view json) {
  const std::int64_t seq = sequence_number(body, "seq");
  const std::string key = text(body, "key");
  if (act == "online") return Online{has_feature(body, kHandBack)};
  if (act == "queryServer") return QueryServer{seq, query_of(body, json)};
  if (act == "listening") return Listening{query_of(body, json)};
  if (act == "close") return Close{key};
  if (act == "exitedAfterDisconnect") return ExitedAfterDisconnect{seq, is_true(body, "signalled")};
  if (act == "handback") return HandBack{key};
  if (act == "newconn") return NewConn{key, seq, is_true(body, "handback")};
  if (act == "disconnect") return Disconnect{has_feature(body, kHandBack)};
  return Unknown{};
}

Body decode_cluster(std::string_view json) {
  const Json body = Json::parse(json);
  const std::int64_t ack = sequence_number(body, "ack");
  if (ack != -1) return decode_reply(body, ack);
  return decode_act(text(body, "act"), body, json);
}

// `cmd` is that of one of Node's messages, or of ours; any other one is a user's. `key` is that of
// a socket which comes with it.
Body decode_unwrapped(const std::string& cmd, std::string_view json, std::string key) {
  const bool is_users = !cmd.starts_with("NODE_") || cmd.size() <= 5;
  if (is_users) return User{std::string(json), std::move(key)};
  if (cmd == "NODE_CLUSTER") return decode_cluster(json);
  if (cmd == "NODE_HANDLE_ACK") return HandleAck{};
  if (cmd == "NODE_HANDLE_NACK") return HandleNack{};
  key = member_text(json, "key");
  if (cmd == "NODE_SOCKET_GET_COUNT") return SocketGetCount{key};
  if (cmd == "NODE_SOCKET_NOTIFY_CLOSE") return SocketNotifyClose{key};
  return Unknown{};
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
  const std::string_view inside = json.empty() ? "null" : json;
  Message message = {decode_unwrapped(cmd, inside, std::move(key)), wrapped > 0};
  if (auto* reply = std::get_if<Reply>(&message.body)) reply->has_handle = message.has_handle;
  return message;
}

}  // namespace ipc
