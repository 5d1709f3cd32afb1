#include "http/head_check.h"

#include <llhttp.h>

#include "http/character_set.h"

namespace http {

namespace {

// The fields that decide where the request ends, and whether we take it.
struct Counts {
  int host = 0;
  int content_length = 0;
  int transfer_encoding = 0;
};

// A coding that we do not know is no error of the client's; "chunked" in front of another one is,
// for then nobody can say where the body ends.
int check_transfer_encoding(std::string_view value) {
  if (equals_ignoring_case(value, "chunked")) return 0;
  const std::size_t comma = value.rfind(',');
  std::string_view in_front = value.substr(0, comma == value.npos ? 0 : comma);
  for (; in_front.size() >= 7; in_front.remove_prefix(1)) {
    if (equals_ignoring_case(in_front.substr(0, 7), "chunked")) return HTTP_STATUS_BAD_REQUEST;
  }
  return HTTP_STATUS_NOT_IMPLEMENTED;
}

int check_host(std::string_view value) {
  static constexpr CharacterSet kInNoHost(" \t,/?#@\\");
  return kInNoHost.contains_any(value) ? HTTP_STATUS_BAD_REQUEST : 0;
}

int check_expect(std::string_view value) {
  return equals_ignoring_case(value, "100-continue") ? 0 : HTTP_STATUS_EXPECTATION_FAILED;
}

int check_field(const Request::Field& field, Counts& counts) {
  const auto is = [&](std::string_view name) { return equals_ignoring_case(field.name, name); };
  counts.host += is("host");
  counts.content_length += is("content-length");
  counts.transfer_encoding += is("transfer-encoding");
  if (is("host")) return check_host(field.value);
  if (is("transfer-encoding")) return check_transfer_encoding(field.value);
  return is("expect") ? check_expect(field.value) : 0;
}

bool contradict(const Counts& counts, int version_minor) {
  if (counts.host > 1 || (counts.host == 0 && version_minor == 1)) return true;
  if (counts.transfer_encoding > 0 && version_minor == 0) return true;
  return counts.transfer_encoding + counts.content_length > 1;
}

}  // namespace

int check_head(const Request& request) {
  if (request.method() == "CONNECT") return HTTP_STATUS_NOT_IMPLEMENTED;
  Counts counts;
  int refusal = 0;
  for (const Request::Field& field : request.headers()) {
    const int status = check_field(field, counts);
    if (refusal == 0) refusal = status;
  }
  return contradict(counts, request.version_minor()) ? HTTP_STATUS_BAD_REQUEST : refusal;
}

bool expects_continue(const Request& request) {
  return request.version_minor() == 1 && request.header("expect").has_value();
}

}  // namespace http
