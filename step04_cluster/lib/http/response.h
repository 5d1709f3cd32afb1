// The answer to one request, as a handler sees it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "http/response_head.h"

namespace http {

class Connection;

// Copies stand for the same answer: keep one to answer later. If none is ever ended, the client
// waits. Once the answer is ended, or the connection gone, all calls do nothing.
//
// Nothing here blocks. What is written while the handler runs is sent when it returns.
class Response {
 public:
  Response(std::shared_ptr<Connection> connection, std::uint64_t number);

  // Status and header of the answer; without it, 200 and none. The server adds Date, Connection,
  // and the length of the body, or else "Transfer-Encoding: chunked". Is sent with the body.
  //
  // "Content-Length" tells the length before the body is written. The body has to keep to it: what
  // is more is not sent, and too much or too little closes the connection. "Connection: close"
  // closes it, too. HEAD, 204, 205 and 304 are answered without the body. "Upgrade" is announced in
  // Connection, as it has to be.
  //
  // Throws std::invalid_argument, and changes nothing, if the status is not from 200 to 999; a name
  // is no token, or a value has CR, LF or NUL in it; Content-Length is no number, or given twice;
  // or Transfer-Encoding is given; or if what RFC 9110, 15, demands for the status is missing:
  // WWW-Authenticate for 401, Allow for 405, Proxy-Authenticate for 407, Upgrade for 426. Throws
  // std::logic_error if the head has been written already.
  void write_head(int status, const Headers& headers = {});

  // Sends a part of the body. Returns false if the client does not read as fast as that: more than
  // 64 KiB wait to be sent. Then wait for on_drain(), or memory fills up. False, too, if there is
  // nobody to write to.
  bool write(std::string_view part);

  // Sends the last part of the body, if any, and completes the answer.
  void end(std::string_view last = {});

  // `callback` is called, from the loop, each time when all is sent after write() returned false.
  void on_drain(std::function<void()> callback);

  // `callback` is called, from the loop, if the connection ends before the answer was complete.
  //
  // Either callback may hold a copy of this response: it is destroyed when the answer is complete.
  void on_close(std::function<void()> callback);

 private:
  std::shared_ptr<Connection> connection_;
  std::uint64_t number_;  // of the request on its connection
};

}  // namespace http
