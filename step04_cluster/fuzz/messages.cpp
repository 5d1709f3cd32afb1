// A fuzz target: any bytes as a line on the channel. Nothing but ProtocolError may come of it, and
// a user's message must be one that we would send as well.
#include <cstdint>
#include <cstdlib>
#include <stdexcept>

#include "cluster/messages.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  try {
    const cluster::Message message = cluster::decode(line);
    if (message.kind != cluster::Message::Kind::kUser) return 0;
    if (cluster::decode(cluster::line::user(message.text)).text != message.text) std::abort();
  } catch (const cluster::ProtocolError&) {
    return 0;
  }
  return 0;
}
