// JSON, as far as the messages need it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

// JSON whose members stay in the order in which they were written.
using Json = nlohmann::ordered_json;

// Returns the object that is the whole of `line`. Throws std::runtime_error if it is no object.
Json object_in(const std::string& line);

// Returns the integer that is the member `name` of a message.
// Throws std::runtime_error if it is missing, anything else, or larger than an int.
int integer_in(const Json& body, const std::string& name);
