// Instances of Python's small standard classes, as Python's repr shows them.
#pragma once
#include <sconce/value.h>

#include <optional>
#include <string>

namespace sconce {

// Text of a date, time, timedelta, timezone, path, UUID or numpy dtype that a checkpoint holds as an object. Nothing for
// other classes, and for instances whose content is not what the class writes.
std::optional<std::string> python_text(const Value& object);

// An object shown as a call: deque([1, 2], maxlen=3), Namespace(lr=0.1), slice(0, 2, None).
struct PythonCall {
  std::string name;
  Value::Items positional;
  Value::Pairs keywords;  // by text
};
std::optional<PythonCall> python_call(const Value& object);

}  // namespace sconce
