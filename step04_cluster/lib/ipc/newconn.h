// The messages of which there is one for each connection: newconn, and its two answers.
//
// They are written from templates and recognized by their first bytes, because a JSON library takes
// longer for them than the kernel takes to pass the descriptor.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ipc/messages.h"

namespace ipc {

inline constexpr std::string_view kHandleAck = R"({"cmd":"NODE_HANDLE_ACK"})";
inline constexpr std::string_view kHandleNack = R"({"cmd":"NODE_HANDLE_NACK"})";

namespace line {

// "Here is a connection": goes with its descriptor. `quoted_key` is the key as JSON writes it.
// `handed_back`: another worker has served it; only for workers that know of that.
std::string newconn(std::string_view quoted_key, std::int64_t seq, bool handed_back = false);

// "I take it", or "I don't".
std::string accepted(std::int64_t ack, bool accepted, std::int64_t seq);

}  // namespace line

// Reads a line if it is one of those, letter by letter as Node and we write them. Nothing
// otherwise: it may still mean the same, so ask the JSON library.
std::optional<Message> decode_hot(std::string_view line);

}  // namespace ipc
