#include "console.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "unique_fd.h"

namespace {

// While it lives, standard output is a pipe.
class Console : public testing::Test {
 protected:
  Console() {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    reader_ = UniqueFd(ends[0]);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[1]);
    std::signal(SIGPIPE, SIG_IGN);
  }
  ~Console() override { dup2(before_.get(), STDOUT_FILENO); }

  std::string printed() {
    char buffer[100];
    return std::string(buffer, read(reader_.get(), buffer, sizeof(buffer)));
  }

  void fill() {
    fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK);
    while (write(STDOUT_FILENO, "x", 1) == 1) continue;
    fcntl(STDOUT_FILENO, F_SETFL, 0);
  }

  UniqueFd before_{dup(STDOUT_FILENO)};
  UniqueFd reader_;
};

TEST_F(Console, PrintsALine) {
  say("hello");
  EXPECT_EQ(printed(), "hello\n");
}

TEST_F(Console, DropsALineRatherThanWait) {
  fill();
  alarm(20);  // if say() waits, this ends the test
  say("hello");
  alarm(0);
}

TEST_F(Console, PrintsNoMoreThanAPipeHasRoomFor) {
  alarm(20);
  for (int i = 0; i < 100; ++i) say(std::string(100'000, 'x'));
  alarm(0);
}

// poll(2) says that there is room for a line, when there is room for a part of it.
TEST_F(Console, DoesNotWaitForATerminalThatNobodyReads) {
  int ends[2];
  ASSERT_EQ(openpty(&ends[0], &ends[1], nullptr, nullptr, nullptr), 0);
  reader_ = UniqueFd(ends[0]);
  dup2(ends[1], STDOUT_FILENO);
  close(ends[1]);
  alarm(20);
  for (int i = 0; i < 5000; ++i) say("worker 1 died");
  alarm(0);
  EXPECT_TRUE(printed().starts_with("worker 1 died\r\nworker 1 died\r\n"));
  EXPECT_EQ(fcntl(STDOUT_FILENO, F_GETFL) & O_NONBLOCK, 0) << "the shell shares it";
}

TEST_F(Console, SurvivesABrokenPipe) {
  reader_ = UniqueFd();
  say("hello");
}

TEST(Complain, QuotesNoControlCharacters) {
  testing::internal::CaptureStderr();
  complain("one\nworker 1 died\x1b[31m");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "one?worker 1 died?[31m\n");
}

// In a process of its own, because it closes standard output.
TEST_F(Console, AnswersWithAllOfAText) {
  const std::string text(30'000, 'x');  // for which the pipe has room
  EXPECT_EXIT((answer(text), _exit(0)), testing::ExitedWithCode(0), "");
  std::string all;
  while (all.size() < text.size() + 1) all += printed();
  EXPECT_EQ(all, text + "\n");
}

bool is_null(int fd) {
  struct stat here, null;
  return fstat(fd, &here) == 0 && stat("/dev/null", &null) == 0 && here.st_rdev == null.st_rdev;
}

// Closes `fds`, then prepares; the exit status tells whether they are /dev/null now and no other
// number was used up.
[[noreturn]] void prepare_without(std::initializer_list<int> fds) {
  for (const int fd : fds) close(fd);
  prepare_console();
  bool good = true;
  for (const int fd : fds) good = good && is_null(fd);
  _exit(good ? 0 : 1);
}

TEST(PrepareConsole, OpensWhatIsClosed) {
  const auto well = testing::ExitedWithCode(0);
  EXPECT_EXIT(prepare_without({0}), well, "");
  EXPECT_EXIT(prepare_without({1}), well, "");
  EXPECT_EXIT(prepare_without({0, 1, 2}), well, "");
}

TEST(PrepareConsole, LeavesWhatIsOpen) {
  const UniqueFd before(dup(STDERR_FILENO));
  prepare_console();
  const UniqueFd after(dup(STDERR_FILENO));
  struct stat a, b;
  ASSERT_EQ(fstat(before.get(), &a), 0);
  ASSERT_EQ(fstat(after.get(), &b), 0);
  EXPECT_EQ(a.st_ino, b.st_ino);
}

}  // namespace
