#include "http/exchange.h"

namespace http {

Pooled<Incoming> take_incoming(const Options& options) {
  Pooled<Incoming> incoming = take_pooled<Incoming>();
  incoming->parser.begin(options, incoming->request);
  return incoming;
}

Pooled<Outgoing> take_outgoing(const Request& request, const CommonLines& lines) {
  Pooled<Outgoing> outgoing = take_pooled<Outgoing>();
  outgoing->answer = Answer(request, lines);
  return outgoing;
}

}  // namespace http
