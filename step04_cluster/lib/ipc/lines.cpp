#include "ipc/lines.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "ipc/json_text.h"

namespace ipc {

namespace {

// The members stay in the order in which they were added, which is Node's.
using Ordered = nlohmann::ordered_json;

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

std::string line::disconnect(std::int64_t seq, bool hand_back) {
  Ordered body = cluster_message("disconnect");
  if (hand_back) body["features"] = Ordered::array({kHandBack});
  return finish(body, seq);
}

std::string line::acknowledge(std::int64_t ack, std::int64_t seq, bool hand_back) {
  Ordered body = {{"cmd", "NODE_CLUSTER"}, {"ack", ack}};
  if (hand_back) body["features"] = Ordered::array({kHandBack});
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
