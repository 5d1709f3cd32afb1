// The lines that primary and worker send: see messages.h for what they mean.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ipc/messages.h"

// The lines, without their newline. `seq` is the message's own number, and `ack` that of the
// message it answers.
namespace ipc::line {

// From worker to primary.
std::string online(std::int64_t seq);  // with what Node does not know: can_hand_back
std::string query_server(const Query& query, std::int64_t seq);
std::string listening(const Query& query, std::int64_t seq);
std::string close(const std::string& key, std::int64_t seq);
std::string exited_after_disconnect(std::int64_t seq, bool signalled);
std::string handback(const std::string& key, std::int64_t seq);  // goes with the connection

// From primary to worker.
std::string disconnect(std::int64_t seq, bool hand_back);
std::string acknowledge(std::int64_t ack, std::int64_t seq, bool hand_back);

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

}  // namespace ipc::line
