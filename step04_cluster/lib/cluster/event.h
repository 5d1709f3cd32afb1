// A list of functions that want to know when something happens.
#pragma once

#include <functional>
#include <utility>
#include <vector>

namespace cluster {

template <typename... Arguments>
class Event {
 public:
  using Listener = std::function<void(Arguments...)>;

  void add(Listener listener) { listeners_.push_back(std::move(listener)); }

  bool is_empty() const { return listeners_.empty(); }

  // Calls them in the order in which they were added. One may add others: they come next time.
  void emit(Arguments... arguments) const {
    const auto listeners = listeners_;
    for (const Listener& listener : listeners) listener(arguments...);
  }

 private:
  std::vector<Listener> listeners_;
};

}  // namespace cluster
