#include "http/output.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "loop/loop.h"
#include "sys_error.h"
#include "unique_fd.h"

namespace {

using std::chrono::milliseconds;

// One end is the stream, the other the client's.
class HttpOutput : public testing::Test, protected http::Output::Owner {
 protected:
  HttpOutput() {
    int ends[2];
    check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
    client_ = UniqueFd(ends[1]);
    uv_pipe_init(loop::uv(), &stream_, 0);
    uv_pipe_open(&stream_, ends[0]);
  }
  ~HttpOutput() {
    uv_close(reinterpret_cast<uv_handle_t*>(&stream_), nullptr);
    uv_run(loop::uv(), UV_RUN_NOWAIT);
  }

  void written(bool ok) override { is_written_ = ok; }

  std::string receive() {
    char buffer[100];
    return {buffer, static_cast<std::size_t>(recv(client_.get(), buffer, sizeof buffer, 0))};
  }

  UniqueFd client_;
  uv_pipe_t stream_;
  http::Output output_{reinterpret_cast<uv_stream_t*>(&stream_), *this};
  bool is_written_ = false;
};

TEST_F(HttpOutput, AWriteThatHasJustBegunIsNotStuck) {
  output_.text() = "all of it";
  ASSERT_TRUE(output_.flush(true));
  EXPECT_EQ(receive(), "all of it");  // nothing waits any more, and the loop does not know yet
  EXPECT_FALSE(output_.is_stuck(uv_now(loop::uv()), milliseconds(100)));
  uv_run(loop::uv(), UV_RUN_NOWAIT);
  EXPECT_TRUE(is_written_);
}

TEST_F(HttpOutput, AWriteIsStuckWhenTheClientHasReadNothingForLong) {
  output_.text() = "all of it";
  ASSERT_TRUE(output_.flush(true));
  const std::uint64_t now = uv_now(loop::uv());
  EXPECT_FALSE(output_.is_stuck(now, milliseconds(100)));
  EXPECT_FALSE(output_.is_stuck(now + 99, milliseconds(100)));
  EXPECT_TRUE(output_.is_stuck(now + 100, milliseconds(100)));
}

}  // namespace
