#include "listener.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <string>

#include "sys_error.h"

namespace {

// The errno with which bind_to() fails.
int error_of_bind(const std::string& address, int port) {
  try {
    bind_to(address, port);
    return 0;
  } catch (const ListenError& error) {
    return error.code().value();
  }
}

UniqueFd connect_to(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<in_port_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  UniqueFd client(check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
  check(connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), "connect");
  return client;
}

class Listener : public testing::Test {
 protected:
  void SetUp() override { start_listening(listener_.get()); }
  UniqueFd listener_ = bind_to("127.0.0.1", 0);
};

TEST_F(Listener, HasThePortThatTheKernelChose) {
  EXPECT_TRUE(address_of(listener_.get()).starts_with("127.0.0.1:"));
  EXPECT_GT(port_of(listener_.get()), 0);
}

TEST_F(Listener, AndItsConnectionsAreCloseOnExec) {
  const UniqueFd client = connect_to(port_of(listener_.get()));
  EXPECT_EQ(fcntl(listener_.get(), F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(fcntl(accept_from(listener_.get()).get(), F_GETFD), FD_CLOEXEC);
}

TEST_F(Listener, MayBeSetListeningAgainThroughADuplicate) {
  const UniqueFd duplicate(dup(listener_.get()));
  start_listening(duplicate.get());
  const UniqueFd client = connect_to(port_of(duplicate.get()));
  EXPECT_TRUE(accept_from(listener_.get()));
}

TEST_F(Listener, KeepsItsPortFromOthers) {
  EXPECT_EQ(error_of_bind("127.0.0.1", port_of(listener_.get())), EADDRINUSE);
}

TEST_F(Listener, GivesItsPortBackWhileOldConnectionsLinger) {
  const int port = port_of(listener_.get());
  const UniqueFd client = connect_to(port);
  { const UniqueFd closed_first_by_the_server = accept_from(listener_.get()); }
  listener_ = UniqueFd();
  EXPECT_EQ(error_of_bind("127.0.0.1", port), 0);
}

TEST_F(Listener, SaysWhatFailedAndWhatToDo) {
  const std::string address = address_of(listener_.get());
  try {
    bind_to("127.0.0.1", port_of(listener_.get()));
    FAIL() << "no exception";
  } catch (const ListenError& error) {
    EXPECT_EQ(error.what(),
              "listen " + address + ": Address already in use (another server? try --port 0)");
  }
}

TEST_F(Listener, WaitsForAClientEvenIfItWasMadeNonBlocking) {
  fcntl(listener_.get(), F_SETFL, O_NONBLOCK);
  const pid_t late_client = fork();
  if (late_client == 0) {
    usleep(300'000);  // the time in which accept_from() must not ask again and again
    connect_to(port_of(listener_.get()));
    _exit(0);
  }
  const std::clock_t before = std::clock();
  EXPECT_TRUE(accept_from(listener_.get()));
  EXPECT_LT(std::clock() - before, CLOCKS_PER_SEC / 20) << "it has burnt the CPU";
  waitpid(late_client, nullptr, 0);
}

TEST(BindTo, RefusesWhatIsNoAddress) {
  for (const char* address : {"", "localhost", "127.0.0.1.1", "::g", "1.2.3.4:80"}) {
    EXPECT_EQ(error_of_bind(address, 0), EINVAL) << address;
  }
  EXPECT_EQ(error_of_bind("127.0.0.1", -1), EINVAL);
  EXPECT_EQ(error_of_bind("127.0.0.1", 65536), EINVAL);
  EXPECT_EQ(error_of_bind("192.0.2.1", 0), EADDRNOTAVAIL);  // an address of nobody; RFC 5737
}

TEST(BindTo, SpeaksIpv6WhereTheMachineDoes) {
  if (error_of_bind("::1", 0) != 0) GTEST_SKIP() << "this machine has no IPv6";
  const UniqueFd socket = bind_to("::1", 0);
  EXPECT_TRUE(address_of(socket.get()).starts_with("[::1]:"));
}

TEST(AcceptFrom, ThrowsIfTheSocketCannotAccept) {
  const UniqueFd not_listening = bind_to("127.0.0.1", 0);
  EXPECT_THROW(accept_from(not_listening.get()), std::system_error);
  EXPECT_THROW(accept_from(-1), std::system_error);
}

// In a process of its own: no descriptor is free until the alarm comes, and then one is.
[[noreturn]] void accept_when_descriptors_run_out(int listener) {
  static rlimit many;
  getrlimit(RLIMIT_NOFILE, &many);
  const UniqueFd lowest(dup(listener));
  const rlimit none_left = {static_cast<rlim_t>(lowest.get()), many.rlim_max};
  std::signal(SIGALRM, [](int) { setrlimit(RLIMIT_NOFILE, &many); });
  setrlimit(RLIMIT_NOFILE, &none_left);
  alarm(1);
  const bool accepted = static_cast<bool>(accept_from(listener));
  const double cpu_seconds = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  std::fprintf(stderr, "accepted: %d, CPU burnt: %d", accepted, cpu_seconds > 0.5);
  _exit(0);
}

TEST_F(Listener, WaitsForAFreeDescriptorWithoutBurningTheCpu) {
  const UniqueFd client = connect_to(port_of(listener_.get()));
  EXPECT_EXIT(accept_when_descriptors_run_out(listener_.get()), testing::ExitedWithCode(0),
              "accepted: 1, CPU burnt: 0");
}

}  // namespace
