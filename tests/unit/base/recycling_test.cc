#include "base/recycling.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

using namespace mcpctl;

namespace {

#ifdef MCPCTL_SANITIZED
constexpr bool is_kept = false;  // the sanitizer watches what has gone
#else
constexpr bool is_kept = true;
#endif

struct Call : Recyclable<Call> {
  std::string text{"long enough to be somewhere else"};
};

struct LongerCall : Call {
  std::uint64_t more{0};
};

}  // namespace

TEST_CASE("the next object takes the memory of the last one of its kind") {
  auto call = std::make_unique<Call>();
  const Call* const first = call.get();
  call.reset();
  call = std::make_unique<Call>();
  if (is_kept) CHECK(call.get() == first);
  CHECK(call->text.starts_with("long enough"));  // made anew, not found
}

TEST_CASE("objects that live at the same time share nothing") {
  std::vector<std::unique_ptr<Call>> calls;
  std::set<const Call*> places;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 1000; ++i) calls.push_back(std::make_unique<Call>());
    for (const auto& call : calls) places.insert(call.get());
    CHECK(places.size() == calls.size());
    calls.clear();
    places.clear();
  }
}

TEST_CASE("a class derived from another one gets memory of its own size") {
  std::make_unique<Call>().reset();
  const auto longer = std::make_unique<LongerCall>();
  longer->more = ~std::uint64_t{0};
  const auto call = std::make_unique<Call>();
  CHECK(static_cast<const Call*>(longer.get()) != call.get());
  CHECK(longer->more == ~std::uint64_t{0});
}

TEST_CASE("containers that recycle their nodes are as others otherwise") {
  RecyclingMap<std::uint64_t, std::string> map;
  RecyclingHashMap<std::uint64_t, std::string> hash_map;
  RecyclingList<std::string> list;
  for (std::uint64_t round = 0; round < 3; ++round) {
    for (std::uint64_t i = 0; i < 300; ++i) {
      map.emplace(i, std::to_string(i + round));
      hash_map.emplace(i, std::to_string(i + round));
      list.push_back(std::to_string(i + round));
    }
    for (std::uint64_t i = 0; i < 300; ++i) {
      CHECK(map.at(i) == std::to_string(i + round));
      CHECK(hash_map.at(i) == map.at(i));
      CHECK(list.front() == map.at(i));
      list.pop_front();
    }
    auto node = map.extract(7);
    map.clear();
    CHECK(node.mapped() == std::to_string(7 + round));
    hash_map.clear();
  }
}
