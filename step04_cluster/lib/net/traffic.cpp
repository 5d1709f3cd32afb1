#include "net/traffic.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "sys_error.h"

namespace net {

namespace {

constexpr int kCloseWait = 8;  // TCP_CLOSE_WAIT: the kernel's headers keep it to themselves

// The kernel's own header: the C library's tcp_info ends before the members we need.
bool get_info(int connection, tcp_info& info) {
  socklen_t size = sizeof(info);
  return getsockopt(connection, IPPROTO_TCP, TCP_INFO, &info, &size) == 0;
}

int unread_of(int connection) {
  int unread = 0;
  check(ioctl(connection, SIOCINQ, &unread), "ioctl SIOCINQ");
  return unread;
}

}  // namespace

std::optional<Traffic> traffic_of(int connection) {
  tcp_info info = {};
  tcp_info later = {};
  int unread = 0;
  if (!get_info(connection, later)) return std::nullopt;
  do {  // until nothing has arrived between the questions
    info = later;
    unread = unread_of(connection);
    get_info(connection, later);
  } while (later.tcpi_bytes_received != info.tcpi_bytes_received);
  // The client's end of file counts as a byte received, but not as a byte to read.
  const std::uint64_t end_of_file = info.tcpi_state == kCloseWait ? 1 : 0;
  return Traffic{info.tcpi_bytes_received - end_of_file - unread, info.tcpi_bytes_sent};
}

}  // namespace net
