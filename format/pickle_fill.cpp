// Items and pairs that a pickle puts into its containers.
#include "pickle.h"

#include "pickle_cost.h"
#include "pickle_keys.h"

namespace sconce {
namespace {

// A dictionary up to this size finds its keys by looking at each.
constexpr size_t few_pairs = 8;

}  // namespace

// Before a container is filled: when more than the stack and the memo hold it, it may come to hold itself.
void PickleReader::touch(const Value& container) {
  const long expected = 2 + (key_places_.count(container.node()) ? 1 : 0);
  if (ValueBuilder::owners(container) > expected) cycles_ = true;
}

void PickleReader::add_items(Value::Items items, bool to_set) {
  Value& target = top("a container");
  const auto wanted = to_set ? Value::Kind::set : Value::Kind::list;
  if (target.kind() != wanted && target.kind() != Value::Kind::object)
    fail(ErrorKind::corrupt, "expected a ", to_set ? "set" : "list", " to add to, got ", target.type_name());
  touch(target);
  charge(items.size() * handle_cost);
  for (Value& item : items) ValueBuilder::append(target, std::move(item));
}

void PickleReader::set_pairs(const Value::Items& items) {
  if (items.size() % 2) fail(ErrorKind::corrupt, "expected keys with values, got ", items.size(), " items");
  Value& target = top("a dictionary");
  touch(target);
  for (size_t i = 0; i < items.size(); i += 2) set_pair(target, items[i], items[i + 1]);
}

void PickleReader::set_pair(Value& target, const Value& key, const Value& value) {
  charge(2 * handle_cost);
  if (target.kind() == Value::Kind::object) return ValueBuilder::insert(target, key, value);
  if (target.kind() != Value::Kind::dict)
    fail(ErrorKind::corrupt, "expected a dict to fill, got ", target.type_name());
  const auto& pairs = target.pairs();
  size_t place = pairs.size();
  if (pairs.size() <= few_pairs) {
    for (size_t i = 0; i < pairs.size() && place == pairs.size(); ++i)
      if (same_key(pairs[i].first, key)) place = i;
    if (pairs.empty() && key.kind() != Value::Kind::string) key_text(key);  // may it be a key at all?
  } else {
    KeyPlaces& known = key_places_[target.node()];
    const auto note = [&](const Value& k, size_t at) {
      charge(6 * handle_cost);
      if (k.kind() == Value::Kind::string) return known.strings.emplace(k.as_string(), at).first->second;
      return known.others.emplace(key_text(k), at).first->second;
    };
    if (known.dict.is_none()) {
      known.dict = target;
      for (size_t i = 0; i < pairs.size(); ++i) note(pairs[i].first, i);
    }
    place = note(key, place);
  }
  if (place < pairs.size()) {
    warn("the dictionary key " + key.repr(80) + " appears twice; the last value counts");
    ValueBuilder::replace(target, place, value);
  } else {
    ValueBuilder::insert(target, key, value);
  }
}

}  // namespace sconce
