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

}  // namespace

Traffic traffic_of(int connection) {
  // The kernel's own header: the C library's tcp_info ends before the members we need.
  tcp_info info = {};
  socklen_t size = sizeof(info);
  check(getsockopt(connection, IPPROTO_TCP, TCP_INFO, &info, &size), "getsockopt TCP_INFO");
  int unread = 0;
  check(ioctl(connection, SIOCINQ, &unread), "ioctl SIOCINQ");
  // The client's end of file counts as a byte received, but not as a byte to read.
  const std::uint64_t end_of_file = info.tcpi_state == kCloseWait ? 1 : 0;
  return {info.tcpi_bytes_received - end_of_file - unread, info.tcpi_bytes_sent};
}

}  // namespace net
