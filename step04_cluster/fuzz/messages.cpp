// A fuzz target: what a peer may put on a channel, in pieces, each with or without a descriptor.
// Nothing but the end of the channel may come of it, said once; no descriptor may be left; and a
// user's message must be one that we would send as well.
//
// The input: a byte that says what comes, a byte that says how much, and so many bytes; and so on.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include "ipc/channel.h"
#include "ipc/lines.h"
#include "fd_passing.h"

namespace {

using ipc::Channel;
using ipc::Message;

enum Kind : std::uint8_t {
  kBytes,
  kWithFile,
  kWithSocket,
  kOurs,
  kOursWithFile,
  kLastWords,
  kKinds
};

// As a program would use a message, and the descriptor that has come with it.
void take(const Message& message) {
  const auto* const user = std::get_if<ipc::User>(&message.body);
  if (user == nullptr) return;
  const Message again = ipc::decode(ipc::line::user(user->json));
  if (std::get<ipc::User>(again.body).json != user->json) std::abort();
}

void turn() {
  uv_run(uv_default_loop(), UV_RUN_NOWAIT);
}

class Peer {
 public:
  void does(std::uint8_t kind, std::string_view bytes) {
    switch (kind % kKinds) {
      case kBytes:
        return say(bytes, -1);
      case kWithFile:
        return say(bytes, file_.get());
      case kWithSocket:
        return say(bytes, ends_.worker.get());
      case kOurs:
        return channel_.send("{}");
      case kOursWithFile:
        return channel_.send(ipc::line::with_handle("{}"), file_.get(), 1);
      case kLastWords:
        return channel_.read_last_words();
    }
  }

 private:
  void say(std::string_view bytes, int fd) {
    try {
      if (!bytes.empty()) send_fd(ends_.worker.get(), bytes, fd);
    } catch (const std::system_error&) {  // the channel has ended
    }
    turn();
  }

  void ended() {
    if (++ends_heard_ > 1) std::abort();
  }

  int ends_heard_ = 0;
  ipc::Ends ends_ = ipc::socket_pair();
  UniqueFd file_{open("/dev/null", O_RDONLY | O_CLOEXEC)};
  Channel channel_{std::move(ends_.primary),
                   {.message = [](const Message& message, const net::SharedFd&) { take(message); },
                    .end = [this](const std::string&) { ended(); }},
                   512};
};

void play(std::string_view script) {
  Peer peer;
  while (script.size() >= 2) {
    const auto size = static_cast<std::uint8_t>(script[1]);
    peer.does(script[0], script.substr(2, size));
    script.remove_prefix(std::min<std::size_t>(script.size(), 2 + size));
  }
  turn();
}

// The lowest number that is free; a descriptor that was forgotten has it.
int next_fd() {
  return UniqueFd(dup(0)).get();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  turn();  // the loop's own descriptors
  const int before = next_fd();
  play({reinterpret_cast<const char*>(data), size});
  turn();  // lets go of what was watched
  if (next_fd() != before) std::abort();
  return 0;
}
