// A body in chunks: RFC 9112, 7.1. Each has a line with its size in front, and the last one is
// empty:
//
//     3\r\nabc\r\n0\r\n\r\n
//
// Beside the sizes there may be extensions, and trailers behind the last chunk. We check both and
// forget them. llhttp could do that as well; but its versions differ in what they let pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace http {

class ChunkedBody {
 public:
  enum class Result {
    kIncomplete,  // all bytes are consumed, and the body is not complete
    kComplete,    // what is left of the bytes belongs to the next request
    kWrong,
    kTooLarge,  // or most of it is not data
  };

  // The next bytes are the first ones of a body, which may have so many bytes of data.
  void begin(std::size_t max_size);

  // Reads on in `bytes`, removes what it has consumed, and appends the data to `body`. Not to be
  // called again after another result than kIncomplete.
  Result feed(std::string_view& bytes, std::string& body);

 private:
  enum class Part : std::uint8_t { kSize, kData, kDataEnd, kTrailers, kEnd };

  void feed_data(std::string_view& bytes, std::string& body);
  Result feed_line(std::string_view& bytes);
  Result take_line(std::string_view line);
  Result take_size(std::string_view line);
  Result take_trailer(std::string_view line);

  std::size_t max_size_ = 0;
  std::size_t size_ = 0;      // of the data so far
  std::size_t left_ = 0;      // of the data of this chunk
  std::size_t overhead_ = 0;  // bytes so far that are no data
  std::string line_;          // the beginning of a line whose end has not arrived
  Part part_ = Part::kEnd;
};

}  // namespace http
