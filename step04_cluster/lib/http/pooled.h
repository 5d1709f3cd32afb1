// Objects that are used again and again: what a request needs, and an idle connection does not.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace http {

// T has a default constructor, and clear(), which makes it as good as new.
template <typename T>
struct ReturnToPool {
  static constexpr std::size_t kMaxSpare = 8;

  // Those that nobody uses, of the whole process.
  static std::vector<std::unique_ptr<T>>& spare() {
    static std::vector<std::unique_ptr<T>> objects;
    return objects;
  }

  void operator()(T* object) const {
    std::unique_ptr<T> returned(object);
    if (spare().size() == kMaxSpare) return;
    returned->clear();
    spare().push_back(std::move(returned));
  }
};

template <typename T>
using Pooled = std::unique_ptr<T, ReturnToPool<T>>;

// One that is as good as new.
template <typename T>
Pooled<T> take_pooled() {
  auto& spare = ReturnToPool<T>::spare();
  if (spare.empty()) return Pooled<T>(new T);
  Pooled<T> object(spare.back().release());
  spare.pop_back();
  return object;
}

}  // namespace http
