// Names, calls and instances in a pickle, as the reader's meaning has them.
#include "pickle.h"

#include "pickle_cost.h"
#include "pickle_text.h"

#include <tuple>

namespace sconce {

void PickleReader::push_global(std::string module, std::string name) {
  if (!is_utf8(module) || !is_utf8(name)) fail(ErrorKind::corrupt, "a global's name is not UTF-8");
  charge(leaf_cost + 2 * (module.size() + name.size()));
  if (protocol_ < 3) std::tie(module, name) = python3_name(module, name);
  std::string full = module + "." + name;
  if (known_globals_.insert(full).second) globals_.push_back(std::move(full));
  push(meaning_.global(module, name));
}

void PickleReader::push_call(const Value& callable, const Value& arguments) {
  if (arguments.kind() != Value::Kind::tuple)
    fail(ErrorKind::corrupt, "expected a tuple of arguments, got ", arguments.type_name());
  if (callable.kind() != Value::Kind::global && callable.kind() != Value::Kind::object)
    fail(ErrorKind::corrupt, "expected a class or function to call, got ", callable.type_name());
  charge(container_cost + (arguments.items().size() + 1) * handle_cost);
  Value made = meaning_.call(*this, callable, arguments);
  charge(cost_of(made));
  push(std::move(made));
}

void PickleReader::push_call_of_marked() {
  Value::Items items = pop_to_mark("OBJ");
  if (items.empty()) fail(ErrorKind::corrupt, "OBJ without a class");
  const Value callable = std::move(items.front());
  items.erase(items.begin());
  charge(container_cost);
  push_call(callable, Value::tuple(std::move(items)));
}

void PickleReader::push_object_ex() {
  const Value keywords = pop("keyword arguments"), arguments = pop("arguments"), callable = pop("a class");
  if (keywords.kind() != Value::Kind::dict)
    fail(ErrorKind::corrupt, "expected a dict of keyword arguments, got ", keywords.type_name());
  if (keywords.size() == 0 || arguments.kind() != Value::Kind::tuple) return push_call(callable, arguments);
  charge(2 * container_cost + arguments.size() * handle_cost);
  Value::Items all = arguments.items();
  all.push_back(keywords);
  push_call(callable, Value::tuple(std::move(all)));
}

void PickleReader::push_persistent(const Value& id) {
  charge(2 * leaf_cost);
  push(meaning_.persistent(*this, id));
}

void PickleReader::build() {
  const Value state = pop("a state");
  Value& target = top("an instance");
  touch(target);
  if (target.kind() == Value::Kind::global) {  // a class given a state: shown as an instance of it
    charge(container_cost);
    stack_.back() = Value::object(target.as_string(), {}, state);
    return;
  }
  meaning_.build(*this, target, state);
}

}  // namespace sconce
