#include "servers.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "listener.h"

namespace {

TEST(Servers, BindOnceForEveryoneWhoAsksForTheSame) {
  Servers servers;
  const std::string address = address_of(servers.get("127.0.0.1", 0, 4));
  EXPECT_FALSE(address.ends_with(":0"));
  EXPECT_EQ(address_of(servers.get("127.0.0.1", 0, 4)), address);
}

TEST(Servers, BindAnotherSocketForAnotherAddress) {
  Servers servers;
  EXPECT_NE(servers.get("127.0.0.1", 0, 4), servers.get("127.0.0.2", 0, 4));
}

TEST(Servers, KeepNothingOfAFailure) {
  UniqueFd other = bind_to("127.0.0.1", 0);
  start_listening(other.get());
  const int port = port_of(other.get());
  Servers servers;
  EXPECT_THROW(servers.get("127.0.0.1", port, 4), ListenError);
  other = UniqueFd();
  EXPECT_EQ(port_of(servers.get("127.0.0.1", port, 4)), port);
}

TEST(Servers, HaveALimit) {
  Servers servers;
  for (int i = 1; i <= 64; ++i) servers.get("127.0.0." + std::to_string(i), 0, 4);
  EXPECT_THROW(servers.get("127.0.1.1", 0, 4), ListenError);
  EXPECT_GT(servers.get("127.0.0.64", 0, 4), 0);
}

TEST(Servers, RefuseWhatDoesNotFitTogether) {
  Servers servers;
  EXPECT_THROW(servers.get("127.0.0.1", 0, 6), ListenError);
  EXPECT_THROW(servers.get("::1", 0, 4), ListenError);
  EXPECT_THROW(servers.get("127.0.0.1", 65536, 4), ListenError);
  EXPECT_THROW(servers.get("localhost", 0, 4), ListenError);
}

}  // namespace
