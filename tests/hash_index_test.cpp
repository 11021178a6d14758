#include <doctest/doctest.h>
#include <sconce/hash_index.h>

#include <string>

using namespace sconce;

TEST_CASE("hash index: finds each key among many, and no other") {
  std::vector<std::string> keys;
  HashIndex index;
  const auto find = [&](const std::string& key) {
    return index.find(HashIndex::hash(key), [&](size_t place) { return keys[place] == key; });
  };
  CHECK(find("x") == HashIndex::npos);
  for (int i = 0; i < 5000; ++i) {
    keys.push_back(std::string(static_cast<size_t>(i % 37), 'k') + std::to_string(i));
    REQUIRE(find(keys.back()) == HashIndex::npos);
    index.insert(HashIndex::hash(keys.back()), keys.size() - 1);
  }
  CHECK(index.size() == 5000);
  for (size_t i = 0; i < keys.size(); ++i) REQUIRE(find(keys[i]) == i);
  CHECK(find("k") == HashIndex::npos);
  CHECK(find("") == HashIndex::npos);
  index.clear();
  CHECK(find(keys[0]) == HashIndex::npos);
  index.reserve(100);
  CHECK(find(keys[0]) == HashIndex::npos);
}

TEST_CASE("hash index: equal hashes are told apart by the keys") {
  const std::vector<int> keys{10, 20, 30};
  HashIndex index;
  for (size_t i = 0; i < keys.size(); ++i) index.insert(7, i);
  for (size_t i = 0; i < keys.size(); ++i)
    CHECK(index.find(7, [&](size_t place) { return keys[place] == keys[i]; }) == i);
  CHECK(index.find(7, [](size_t) { return false; }) == HashIndex::npos);
}
