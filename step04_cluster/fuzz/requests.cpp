// A fuzz target: any bytes as what a client sends. Whether they arrive all at once, or cut into two
// pieces, or byte by byte, must make no difference: that is where requests are smuggled.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/parser.h"
#include "http/request.h"

namespace {

using Result = http::Parser::Result;

// What a server understands: each request, and the status of the refusal, if there is one.
class Reading {
 public:
  bool has_ended() const { return refusal_ != 0; }

  void read(std::string_view piece) {
    const std::string copy(piece);  // reading beyond its end is seen
    for (std::string_view bytes = copy; !bytes.empty() && refusal_ == 0;) read_on(bytes);
  }

  bool operator==(const Reading& other) const {
    return told_ == other.told_ && refusal_ == other.refusal_;
  }

 private:
  void read_on(std::string_view& bytes) {
    if (is_between_) http::Parser::skip_empty_lines(bytes);
    if (bytes.empty()) return;
    if (std::exchange(is_between_, false)) parser_.begin(options_, request_);
    const Result result = parser_.feed(bytes);
    if (result == Result::kRefused) refusal_ = parser_.refusal();
    if (result == Result::kComplete) finish();
  }

  void finish() {
    told_ += std::string(request_.method()) + " " + std::string(request_.target()) + "\n";
    for (const auto& [name, value] : request_.headers())
      told_.append(name).append("=").append(value);
    told_.append("\n").append(request_.body()).append(request_.keeps_alive() ? "\n+" : "\n-");
    request_.clear();
    is_between_ = true;
  }

  const http::Options options_ = {.max_header_size = 512, .max_body_size = 512};
  http::Parser parser_;
  http::Request request_;
  std::string told_;
  int refusal_ = 0;
  bool is_between_ = true;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  Reading whole;
  whole.read(text);

  Reading halves;
  const std::size_t cut = data[0] % (text.size() + 1);
  halves.read(text.substr(0, cut));
  if (!halves.has_ended()) halves.read(text.substr(cut));

  Reading bytes;
  for (std::size_t i = 0; i < text.size() && !bytes.has_ended(); ++i) bytes.read(text.substr(i, 1));
  if (!(whole == halves) || !(whole == bytes)) std::abort();
  return 0;
}
