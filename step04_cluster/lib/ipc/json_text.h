// JSON that is checked, and not taken apart: what users send may be large, and is passed on as it
// is written. All of this takes a time that grows with the length of the text, and no faster.
#pragma once

#include <string>
#include <string_view>

namespace ipc {

// Returns `text`, which is to be JSON of any kind. Throws ProtocolError if it is not, or is nested
// more than 100 deep. Half a character, which JavaScript allows in a
// string and UTF-8 cannot express, becomes "\ufffd".
std::string checked_json(std::string_view text);

// The value of the member `name`, as it is written in `json`, which has been checked. Empty if
// there is none, or if `json` is no object. Of several the last one, as in JavaScript.
std::string_view member_text(std::string_view json, std::string_view name);

// What that member says, if it is a string. Empty if it is something else.
std::string member_string(std::string_view json, std::string_view name);

// `text` as JSON writes it, with its quotation marks.
std::string quoted(const std::string& text);

}  // namespace ipc
