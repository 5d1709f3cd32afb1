#include "ipc/newconn.h"

#include <charconv>

namespace ipc {

namespace {

constexpr std::string_view kNewConn =
    R"({"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_CLUSTER","act":"newconn","key":)";
constexpr std::string_view kAnswer = R"({"cmd":"NODE_CLUSTER","ack":)";
constexpr std::string_view kAccepted = R"(,"accepted":true)";
constexpr std::string_view kRefused = R"(,"accepted":false)";
constexpr std::string_view kHandedBack = R"(,"handback":true)";
constexpr std::string_view kSeq = R"(,"seq":)";

// Takes `prefix` off the front of `rest`, if it is there.
bool take(std::string_view& rest, std::string_view prefix) {
  if (!rest.starts_with(prefix)) return false;
  rest.remove_prefix(prefix.size());
  return true;
}

bool take_number(std::string_view& rest, std::int64_t& number) {
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  rest.remove_prefix(end - rest.data());
  return error == std::errc();
}

// A string without anything that JSON would have to escape.
bool take_plain_string(std::string_view& rest, std::string& text) {
  const std::size_t end = rest.find_first_of("\"\\", 1);
  if (!rest.starts_with('"') || end == rest.npos || rest[end] != '"') return false;
  text = rest.substr(1, end - 1);
  rest.remove_prefix(end + 1);
  return true;
}

bool take_accepted(std::string_view& rest, bool& accepted) {
  accepted = take(rest, kAccepted);
  return accepted || take(rest, kRefused);
}

std::optional<Message> decode_newconn(std::string_view rest) {
  NewConn offer;
  if (!take(rest, kNewConn) || !take_plain_string(rest, offer.key)) return std::nullopt;
  offer.handed_back = take(rest, kHandedBack);
  const bool is_newconn = take(rest, kSeq) && take_number(rest, offer.seq) && rest == "}}";
  if (!is_newconn) return std::nullopt;
  return Message{.body = std::move(offer), .has_handle = true};
}

std::optional<Message> decode_answer(std::string_view rest) {
  Reply reply;
  std::int64_t seq = -1;
  const bool is_answer = take(rest, kAnswer) && take_number(rest, reply.ack) &&
                         take_accepted(rest, reply.accepted) && take(rest, kSeq) &&
                         take_number(rest, seq) && rest == "}";
  if (!is_answer) return std::nullopt;
  return Message{.body = std::move(reply)};
}

std::string concatenate(std::initializer_list<std::string_view> parts) {
  std::string whole;
  whole.reserve(192);
  for (const std::string_view part : parts) whole += part;
  return whole;
}

}  // namespace

std::string line::newconn(std::string_view quoted_key, std::int64_t seq, bool handed_back) {
  return concatenate(
      {kNewConn, quoted_key, handed_back ? kHandedBack : "", kSeq, std::to_string(seq), "}}"});
}

std::string line::accepted(std::int64_t ack, bool accepted, std::int64_t seq) {
  return concatenate({kAnswer, std::to_string(ack), accepted ? kAccepted : kRefused, kSeq,
                      std::to_string(seq), "}"});
}

std::optional<Message> decode_hot(std::string_view line) {
  if (line == kHandleAck) return Message{.body = HandleAck{}};
  if (std::optional<Message> answer = decode_answer(line)) return answer;
  return decode_newconn(line);
}

}  // namespace ipc
