#include "http/head_check.h"

#include <llhttp.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "http/grammar.h"

namespace http {

namespace {

// The fields that decide where the request ends, and whether we take it.
struct Counts {
  int host = 0;
  int content_length = 0;
  int transfer_encoding = 0;
};

// A coding that we do not know is no error of the client; "chunked" in front of another coding is,
// because then it is not clear where the body ends.
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
  return is_host(value) ? 0 : HTTP_STATUS_BAD_REQUEST;
}

int check_expect(std::string_view value) {
  return equals_ignoring_case(value, "100-continue") ? 0 : HTTP_STATUS_EXPECTATION_FAILED;
}

int check_field(const Request::Field& field, Counts& counts) {
  const auto is = [&](std::string_view name) { return equals_ignoring_case(field.name, name); };
  if (is("host")) {
    ++counts.host;
    return check_host(field.value);
  }
  if (is("content-length")) {
    ++counts.content_length;
    return 0;
  }
  if (is("transfer-encoding")) {
    ++counts.transfer_encoding;
    return check_transfer_encoding(field.value);
  }
  return is("expect") ? check_expect(field.value) : 0;
}

// RFC 9110, 5.3: a list that is sent in several lines is the same as in one.
int check_transfer_encodings(const Request& request) {
  std::string all;
  for (const auto& [name, value] : request.headers()) {
    if (!equals_ignoring_case(name, "transfer-encoding")) continue;
    all.append(all.empty() ? "" : ", ").append(value);
  }
  return check_transfer_encoding(all);
}

// All that llhttp knows, in every version of it; but for CONNECT, for we are no proxy.
bool is_known(std::string_view method) {
  static constexpr auto kMethods = std::to_array<std::string_view>(
      {"GET",    "HEAD",   "POST",       "PUT",        "DELETE",   "OPTIONS",  "PATCH",
       "TRACE",  "COPY",   "LOCK",       "MKCOL",      "MOVE",     "PROPFIND", "PROPPATCH",
       "SEARCH", "UNLOCK", "BIND",       "REBIND",     "UNBIND",   "ACL",      "REPORT",
       "MERGE",  "NOTIFY", "MKACTIVITY", "MKCALENDAR", "CHECKOUT", "M-SEARCH", "SUBSCRIBE",
       "PURGE",  "LINK",   "UNLINK",     "UNSUBSCRIBE"});
  return std::ranges::find(kMethods, method) != kMethods.end();
}

bool contradict(const Counts& counts, int version_minor) {
  if (counts.host > 1 || (counts.host == 0 && version_minor == 1)) return true;
  if (counts.transfer_encoding > 0 && version_minor == 0) return true;
  return counts.content_length > 1 || (counts.content_length > 0 && counts.transfer_encoding > 0);
}

}  // namespace

int check_head(const Request& request) {
  if (const int status = check_request_line(request); status != 0) return status;
  Counts counts;
  int refusal = 0;
  for (const Request::Field& field : request.headers()) {
    const int status = check_field(field, counts);
    if (refusal == 0) refusal = status;
  }
  if (contradict(counts, request.version_minor())) return HTTP_STATUS_BAD_REQUEST;
  return counts.transfer_encoding > 1 ? check_transfer_encodings(request) : refusal;
}

int check_request_line(const Request& request) {
  const bool is_method_known = is_known(request.method());
  if (!is_method_known && !is_token(request.method())) return HTTP_STATUS_BAD_REQUEST;
  if (!is_target(request.target(), request.method())) return HTTP_STATUS_BAD_REQUEST;
  if (request.version_major() != 1 || request.version_minor() > 1) {
    return HTTP_STATUS_HTTP_VERSION_NOT_SUPPORTED;
  }
  return is_method_known ? 0 : HTTP_STATUS_NOT_IMPLEMENTED;
}

bool is_of_the_head(std::string_view line) {
  const std::string_view name = line.substr(0, line.find(':'));
  return std::ranges::any_of(
      std::to_array<std::string_view>({"host", "content-length", "transfer-encoding", "expect"}),
      [&](std::string_view field) { return equals_ignoring_case(name, field); });
}

bool expects_continue(const Request& request) {
  return request.version_minor() == 1 && request.header("expect").has_value();
}

}  // namespace http
