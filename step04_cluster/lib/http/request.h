// One request, as a handler sees it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace http {

// Is `a` the same as `b`, apart from upper and lower case? For ASCII, which names in HTTP are.
inline bool equals_ignoring_case(std::string_view a, std::string_view b) {
  static constexpr auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; };
  const auto is_same = [](char x, char y) { return lower(x) == lower(y); };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), is_same);
}

// The views that it returns are valid as long as the request: until the handler returns.
class Request {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  Request() = default;
  Request(const Request&) = delete;  // its views would point into the other one
  Request& operator=(const Request&) = delete;
  ~Request() = default;

  std::string_view method() const { return method_; }
  std::string_view target() const { return target_; }   // as it was sent: "/a%20b?c=d"
  int version_minor() const { return version_minor_; }  // 1 in HTTP/1.1, 0 in HTTP/1.0

  // The target without the query; and without "http://host", which a client may send (RFC 9112,
  // 3.2.2). Not percent-decoded: in "/a%2Fb" there is only one slash that means a step down.
  std::string_view path() const;

  // What the query says about `name`, percent-decoded: in "?ms=20", "20" for "ms". The first of
  // several; "" if there is only the name.
  std::optional<std::string> query(std::string_view name) const;

  // The value of the header field `name`, in upper or lower case; the first of several.
  std::optional<std::string_view> header(std::string_view name) const;
  const std::vector<Field>& headers() const { return fields_; }

  std::string_view body() const { return body_; }

  // Does the client want to use the connection again? RFC 9112, 9.3.
  bool keeps_alive() const { return keeps_alive_; }

  // From here on for the parser: a handler's request is const.
  std::string& head_text() { return head_; }
  std::string& body_text() { return body_; }
  void set_keeps_alive(bool keeps_alive) { keeps_alive_ = keeps_alive; }

  int version_major() const { return version_major_; }

  // Finds the parts of the complete head_text(). Returns false if it is not well-formed.
  bool split_head();

  // The same for the first line alone, a part of head_text() without its end.
  bool split_request_line(std::string_view line);

  // Empties it for another request. Keeps the memory, unless it is a lot.
  void clear();

 private:
  bool split_version(std::string_view version);
  bool split_field(std::string_view line);

  std::string head_;  // everything up to the empty line, as it was received
  std::string body_;
  std::string_view method_;  // this and the following point into head_
  std::string_view target_;
  std::vector<Field> fields_;
  int version_major_ = 1;
  int version_minor_ = 1;
  bool keeps_alive_ = false;
};

}  // namespace http
