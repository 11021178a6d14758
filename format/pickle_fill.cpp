// Items and pairs that a pickle puts into its containers.
#include "pickle.h"

#include "pickle_cost.h"
#include "pickle_keys.h"

namespace sconce {
namespace {

// A dictionary up to this size finds its keys by looking at each.
constexpr size_t few_pairs = 8;

}  // namespace

// Before a container is filled: when more than the stack, the memo and the table of its keys hold it, it may
// come to hold itself.
void PickleReader::touch(const Value& container) {
  if (cycles_) return;
  const long owners = ValueBuilder::owners(container), expected = ValueBuilder::is_marked(container) ? 2 : 1;
  if (owners > expected && owners > expected + (key_places_.count(container.node()) ? 1 : 0)) cycles_ = true;
}

void PickleReader::add_items(Value::Items items, bool to_set) {
  Value& target = top("a container");
  const auto wanted = to_set ? Value::Kind::set : Value::Kind::list;
  if (target.kind() != wanted && target.kind() != Value::Kind::object)
    fail(ErrorKind::corrupt, "expected a ", to_set ? "set" : "list", " to add to, got ", target.type_name());
  touch(target);
  charge(items.size() * handle_cost);
  if (target.kind() == Value::Kind::set)
    for (const Value& item : items) check_member(item);
  for (Value& item : items) ValueBuilder::append(target, std::move(item));
}

void PickleReader::set_pairs(Value::Items items) {
  if (items.size() % 2) fail(ErrorKind::corrupt, "expected keys with values, got ", items.size(), " items");
  Value& target = top("a dictionary");
  touch(target);
  for (size_t i = 0; i < items.size(); i += 2) set_pair(target, std::move(items[i]), std::move(items[i + 1]));
}

// The place of a key in a dictionary that has grown past a few; the dictionary's size when it is new, which is
// noted then.
size_t PickleReader::place_of(const Value& dict, const Value& key) {
  if (!last_places_.second || last_places_.first != dict.node())
    last_places_ = {dict.node(), &key_places_[dict.node()]};
  KeyPlaces& known = *last_places_.second;
  const auto& pairs = dict.pairs();
  const auto note = [&](const Value& k, size_t at) {
    charge(6 * handle_cost);
    if (k.kind() != Value::Kind::string) return known.others.emplace(key_text(k), at).first->second;
    const std::string& text = k.as_string();
    const uint64_t hash = HashIndex::hash(text);
    const size_t place =
        known.strings.find(hash, [&](size_t i) { return pairs[i].first.as_string() == text; });
    if (place != HashIndex::npos) return place;
    known.strings.insert(hash, at);
    return at;
  };
  if (known.dict.is_none()) {
    known.dict = dict;
    for (size_t i = 0; i < pairs.size(); ++i) note(pairs[i].first, i);
  }
  return note(key, pairs.size());
}

void PickleReader::set_pair(Value& target, Value key, Value value) {
  charge(2 * handle_cost);
  if (target.kind() == Value::Kind::object)
    return ValueBuilder::insert(target, std::move(key), std::move(value));
  if (target.kind() != Value::Kind::dict)
    fail(ErrorKind::corrupt, "expected a dict to fill, got ", target.type_name());
  const auto& pairs = target.pairs();
  size_t place = pairs.size();
  if (pairs.size() <= few_pairs) {
    for (size_t i = 0; i < pairs.size() && place == pairs.size(); ++i)
      if (same_key(pairs[i].first, key)) place = i;
    if (pairs.empty() && key.kind() != Value::Kind::string) key_text(key);  // may it be a key at all?
  } else {
    place = place_of(target, key);
  }
  if (place < pairs.size()) {
    warn("the dictionary key " + key.repr(80) + " appears twice; the last value counts");
    ValueBuilder::replace(target, place, std::move(value));
  } else {
    ValueBuilder::insert(target, std::move(key), std::move(value));
  }
}

}  // namespace sconce
