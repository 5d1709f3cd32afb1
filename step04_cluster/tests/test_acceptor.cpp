#include "net/acceptor.h"

#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "listener.h"
#include "loop/loop.h"

namespace {

using net::Acceptor;

UniqueFd listening_socket() {
  UniqueFd socket = bind_to("127.0.0.1", 0);
  start_listening(socket.get());
  return socket;
}

TEST(Acceptor, GivesUpAListenerThatCanNeverAcceptAgain) {
  std::vector<int> errors;
  Acceptor acceptor(
      listening_socket(), [](UniqueFd) {}, [&](int error) { errors.push_back(error); });
  acceptor.resume();
  shutdown(acceptor.listener(), SHUT_RD);
  loop::run();  // ends, for nothing is watched any more
  acceptor.resume();
  loop::run();
  EXPECT_EQ(errors, std::vector<int>{EINVAL});
}

TEST(Acceptor, MayBeDestroyedByWhomItTellsThatItIsBroken) {
  std::optional<Acceptor> acceptor;
  acceptor.emplace(
      listening_socket(), [](UniqueFd) {}, [&](int) { acceptor.reset(); });
  acceptor->resume();
  shutdown(acceptor->listener(), SHUT_RD);
  loop::run();
  EXPECT_FALSE(acceptor);
}

}  // namespace
