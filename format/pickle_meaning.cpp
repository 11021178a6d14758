// What names and calls mean to a reader that knows none.
#include "pickle.h"

namespace sconce {

Value PickleMeaning::global(const std::string& module, const std::string& name) {
  return Value::global(module + "." + name);
}

Value PickleMeaning::call(PickleReader&, const Value& callable, const Value& arguments) {
  if (callable.kind() == Value::Kind::global)
    return Value::object(callable.as_string(), arguments.items(), Value());
  Value::Items all{callable};
  all.insert(all.end(), arguments.items().begin(), arguments.items().end());
  return Value::object("(call)", std::move(all), Value());
}

void PickleMeaning::build(PickleReader& reader, Value& target, const Value& state) {
  switch (target.kind()) {
    case Value::Kind::object:
      if (!target.state().is_none())
        reader.warn(
            concat("an instance of ", target.type_name(), " is given its state twice; the last one stays"));
      ValueBuilder::set_state(target, state);
      break;
    case Value::Kind::dict: ValueBuilder::set_attributes(target, state); break;
    default: fail(ErrorKind::corrupt, "expected an instance to give its state to, got ", target.type_name());
  }
}

Value PickleMeaning::persistent(PickleReader&, const Value&) {
  fail(ErrorKind::corrupt, "a reference to something outside this pickle (persistent id)");
}

}  // namespace sconce
