// Memory for objects that come and go thousands of times a second: one that went makes
// room for the next of its kind.  malloc's own cache holds only seven of a size, which a
// turn of the loop with fifty requests in it runs through at once.
//
// By thread, so that none is shared.  Not in sanitized builds, which are to find whoever
// uses an object that has gone.
#pragma once
#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <new>
#include <type_traits>
#include <unordered_map>
#include <utility>

namespace mcpctl {

/// What is kept of objects of type T: uninitialised memory for one of them each.
template <typename T>
class Recycled {
 public:
  static void* take() {
    if (first == nullptr) return ::operator new(size);
    Block* const block = first;
    first = block->next;
    --kept;
    return block;
  }

  static void give(void* memory) noexcept {
    if (kept == most) return ::operator delete(memory, size);
    ++kept;
    first = new (memory) Block{first};
  }

 private:
  struct Block {
    Block* next;
  };
  static constexpr std::size_t size = sizeof(T) < sizeof(Block) ? sizeof(Block) : sizeof(T);
#ifdef MCPCTL_SANITIZED
  static constexpr unsigned most = 0;
#else
  static constexpr unsigned most = 128;
#endif
  static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);

  static inline constinit thread_local Block* first = nullptr;
  static inline constinit thread_local unsigned kept = 0;
};

/// For a class whose objects are made with new: class Call : Recyclable<Call>.
template <typename T>
class Recyclable {
 public:
  static void* operator new(std::size_t size) {
    return size == sizeof(T) ? Recycled<T>::take() : ::operator new(size);
  }
  static void operator delete(void* memory, std::size_t size) noexcept {
    size == sizeof(T) ? Recycled<T>::give(memory) : ::operator delete(memory, size);
  }

 private:
  friend T;
  Recyclable() = default;
};

/// For the nodes of a container.
template <typename T>
struct RecyclingAllocator {
  using value_type = T;

  RecyclingAllocator() = default;
  template <typename Other>
  explicit(false) RecyclingAllocator(const RecyclingAllocator<Other>&) noexcept {}

  T* allocate(std::size_t count) {
    if constexpr (is_node) {
      if (count == 1) return static_cast<T*>(Recycled<T>::take());
    }
    return std::allocator<T>{}.allocate(count);
  }
  void deallocate(T* memory, std::size_t count) noexcept {
    if constexpr (is_node) {
      if (count == 1) return Recycled<T>::give(memory);
    }
    std::allocator<T>{}.deallocate(memory, count);
  }
  friend bool operator==(RecyclingAllocator, RecyclingAllocator) { return true; }

 private:
  /// And no array, such as a hash table's.
  static constexpr bool is_node = !std::is_pointer_v<T>;
};

template <typename T>
using RecyclingList = std::list<T, RecyclingAllocator<T>>;
template <typename Key, typename Value>
using RecyclingMap =
    std::map<Key, Value, std::less<>, RecyclingAllocator<std::pair<const Key, Value>>>;
template <typename Key, typename Value>
using RecyclingHashMap = std::unordered_map<Key, Value, std::hash<Key>, std::equal_to<Key>,
                                            RecyclingAllocator<std::pair<const Key, Value>>>;

}  // namespace mcpctl
