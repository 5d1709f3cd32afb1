// What a line says, for tests.
#pragma once

#include <string_view>
#include <variant>

#include "ipc/messages.h"

namespace ipc {

// The line, if it is of this kind: throws std::bad_variant_access otherwise.
template <typename Kind>
Kind decode_as(std::string_view line) {
  return std::get<Kind>(decode(line).body);
}

template <typename Kind>
bool is(std::string_view line) {
  return std::holds_alternative<Kind>(decode(line).body);
}

}  // namespace ipc
