// sconce diff: where two checkpoints differ, the largest difference first.
#include <sconce/checkpoint.h>
#include <sconce/tensors_in.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "command.h"
#include "compare.h"
#include "dense.h"
#include "options.h"
#include "progress.h"
#include "source.h"
#include "style.h"
#include "text.h"

namespace sconce::cli {
namespace {

struct DiffArguments {
  std::string a, b, key_a, key_b;
  std::vector<std::string> prefixes;
  Tolerance tolerance;
  Profile profile = Profile::strict;
  bool ignore_dtype = false, all = false;
};

// From what weighs most; also the order of the lines.
enum class Status { only_in_a, only_in_b, kind, shape, dtype, values, equal };
const char* to_string(Status status) {
  switch (status) {
    case Status::only_in_a: return "only_in_a";
    case Status::only_in_b: return "only_in_b";
    case Status::kind: return "kind";
    case Status::shape: return "shape";
    case Status::dtype: return "dtype";
    case Status::values: return "values";
    case Status::equal: return "equal";
  }
  return "";
}

struct Row {
  std::string key;
  Status status = Status::equal;
  std::string in_a, in_b;  // "float32 [2, 3]", or another value's text
  bool compared = false;   // the values were
  Difference difference = {};
};

std::string describe(const Value& value) {
  if (const auto dense = shape_and_dtype(value))
    return std::string(name_of(dense->second)) + " " + dense->first.str();
  return value.repr(60);
}

void compare(const Value& a, const Value& b, const DiffArguments& arguments, Row& row) {
  const auto what_a = shape_and_dtype(a), what_b = shape_and_dtype(b);
  if (!what_a || !what_b) {
    if (a.kind() != b.kind())
      row.status = Status::kind;
    else if (a.repr(1 << 20) != b.repr(1 << 20))
      row.status = Status::values;
    return;
  }
  if (what_a->first != what_b->first) {
    row.status = Status::shape;
    return;
  }
  const Tensor x = dense(a), y = dense(b);
  if (!x.defined() || !y.defined() || x.device() != cpu || y.device() != cpu) return;
  const bool other_dtype = what_a->second != what_b->second;
  if (!other_dtype || (is_numeric(x.dtype()) && is_numeric(y.dtype()))) {
    row.difference = difference_of(x, y, arguments.tolerance);
    row.compared = true;
  }
  if (other_dtype && !arguments.ignore_dtype)
    row.status = Status::dtype;
  else if (row.difference.differing > 0)
    row.status = Status::values;
}

struct Side {
  Checkpoint checkpoint;
  StateDict state;
};
Side read(const std::string& file, const std::string& key, const DiffArguments& arguments) {
  LoadOptions options;
  options.profile = arguments.profile;
  Side side{Checkpoint::open(file, options), {}};
  try {
    side.state = without_prefixes(state_of(side.checkpoint, key, true), arguments.prefixes);
  } catch (Error& e) {
    throw e.in_file(file);
  }
  return side;
}

std::vector<Row> compare_all(const StateDict& a, const StateDict& b, const DiffArguments& arguments) {
  int64_t total = 0, done = 0;
  const auto size = [](const Value& v) {
    return v.kind() == Value::Kind::tensor ? v.as_tensor().nbytes() : 0;
  };
  for (const auto& entry : a) total += size(entry.value);
  std::vector<Row> rows;
  Progress progress(Progress::Unit::bytes);
  for (const auto& entry : a) {
    Row row{entry.key, Status::only_in_a, describe(entry.value), ""};
    if (const Value* other = b.find(entry.key)) {
      row.status = Status::equal;
      row.in_b = describe(*other);
      try {
        compare(entry.value, *other, arguments, row);
      } catch (Error& e) {
        throw e.at_key(entry.key);
      }
    }
    rows.push_back(std::move(row));
    progress.update(done += size(entry.value), total);
  }
  for (const auto& entry : b)
    if (!a.contains(entry.key)) rows.push_back({entry.key, Status::only_in_b, "", describe(entry.value)});
  std::stable_sort(rows.begin(), rows.end(), [](const Row& x, const Row& y) {
    if (x.status != y.status) return x.status < y.status;
    return x.compared && y.compared && x.difference.worse_than(y.difference);
  });
  return rows;
}

std::string number(double value) {
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "%.3g", value);
  return out.data();
}

std::string note_of(const Row& row) {
  switch (row.status) {
    case Status::only_in_a: return row.in_a;
    case Status::only_in_b: return row.in_b;
    case Status::kind:
    case Status::shape: return row.in_a + " and " + row.in_b;
    default: break;
  }
  std::string out = row.in_a;
  if (row.in_a != row.in_b) out += " and " + row.in_b;
  if (!row.compared) return out;
  const Difference& d = row.difference;
  if (d.differing == 0 && d.max_absolute == 0) return out + "  values equal";
  out += "  max " + number(d.max_absolute) + ", relative " + number(d.max_relative);
  out += "  " + with_commas(d.differing) + " of " + counted(d.elements, "element");
  if (d.nan_on_one_side > 0) out += "  NaN on one side: " + with_commas(d.nan_on_one_side);
  return out;
}

const char* title_of(Status status) {
  switch (status) {
    case Status::only_in_a: return "only in A";
    case Status::only_in_b: return "only in B";
    case Status::kind: return "different kinds";
    case Status::shape: return "different shapes";
    case Status::dtype: return "different dtypes";
    case Status::values: return "different values";
    case Status::equal: return "equal";
  }
  return "";
}

void print(const std::vector<Row>& rows, const DiffArguments& arguments, const Style& style) {
  std::printf("A %s\nB %s\n", printable(arguments.a).c_str(), printable(arguments.b).c_str());
  size_t equal = 0;
  size_t column = 0;
  for (const Row& row : rows) column = std::max(column, std::min<size_t>(columns_of(printable(row.key)), 60));
  const Row* last = nullptr;
  for (const Row& row : rows) {
    if (row.status == Status::equal) {
      ++equal;
      if (!arguments.all) continue;
    }
    if (last == nullptr || last->status != row.status)
      std::printf("%s\n", (row.status == Status::equal ? style.green(title_of(row.status))
                                                       : style.yellow(title_of(row.status)))
                              .c_str());
    last = &row;
    const std::string key = printable(row.key);
    const std::string space(column - std::min(column, columns_of(key)) + 2, ' ');
    std::printf("  %s%s%s\n", key.c_str(), space.c_str(), style.dim(printable(note_of(row))).c_str());
  }
  const auto total = static_cast<int64_t>(rows.size()), same = static_cast<int64_t>(equal);
  std::string within;
  if (arguments.tolerance.absolute > 0 || arguments.tolerance.relative > 0) within = " within the tolerance";
  if (same == total)
    std::printf("%s%s: %s\n", style.green("equal").c_str(), within.c_str(),
                (with_commas(total) + (total == 1 ? " entry" : " entries")).c_str());
  else
    std::printf("%s: %s of %s differ%s\n", style.red("different").c_str(), with_commas(total - same).c_str(),
                with_commas(total).c_str(), within.empty() ? "" : ", beyond the tolerance or in form");
}

nlohmann::json to_json(const std::vector<Row>& rows, const DiffArguments& arguments) {
  nlohmann::json entries = nlohmann::json::array();
  size_t equal = 0;
  for (const Row& row : rows) {
    equal += row.status == Status::equal;
    nlohmann::json one = {{"key", row.key}, {"status", to_string(row.status)}};
    if (!row.in_a.empty()) one["a"] = row.in_a;
    if (!row.in_b.empty()) one["b"] = row.in_b;
    if (row.compared) {
      const Difference& d = row.difference;
      one["elements"] = d.elements, one["differing"] = d.differing,
      one["nan_on_one_side"] = d.nan_on_one_side;
      one["max_absolute"] = d.max_absolute, one["max_relative"] = d.max_relative;
    }
    entries.push_back(std::move(one));
  }
  return {{"a", arguments.a},
          {"b", arguments.b},
          {"equal", equal == rows.size()},
          {"tolerance", arguments.tolerance.absolute},
          {"relative_tolerance", arguments.tolerance.relative},
          {"counts", {{"entries", rows.size()}, {"equal", equal}, {"different", rows.size() - equal}}},
          {"entries", std::move(entries)}};
}

int run(const Program& program, const DiffArguments& arguments) {
  const Side a = read(arguments.a, arguments.key_a, arguments),
             b = read(arguments.b, arguments.key_b, arguments);
  const std::vector<Row> rows = compare_all(a.state, b.state, arguments);
  if (program.json)
    print_json(to_json(rows, arguments));
  else
    print(rows, arguments, Style());
  const bool equal =
      std::all_of(rows.begin(), rows.end(), [](const Row& row) { return row.status == Status::equal; });
  return equal ? done : answer_is_no;
}

}  // namespace

void add_diff(Program& program) {
  CLI::App* command =
      add_command(program, "diff", "Compare two checkpoints key by key, the largest difference first",
                  "sconce diff --tolerance 1e-6 before.pth after.safetensors\n\nExit code 1 when they "
                  "differ. NaN equals NaN.");
  add_json(program, command);
  const auto arguments = std::make_shared<DiffArguments>();
  command->add_option("A", arguments->a, "A checkpoint, in any format")->required();
  command->add_option("B", arguments->b, "Another, perhaps in another format")->required();
  command->add_option("--tolerance", arguments->tolerance.absolute, "Differences up to this are none")
      ->check(CLI::NonNegativeNumber);
  command
      ->add_option("--relative", arguments->tolerance.relative,
                   "Up to this times the magnitude in B, added to it")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--key-a", arguments->key_a,
                      "Which dictionary of A is compared; found when there is one");
  command->add_option("--key-b", arguments->key_b, "The same for B");
  command
      ->add_option("--prefix-strip", arguments->prefixes,
                   "Remove this from the beginning of the keys of both")
      ->take_all();
  command->add_flag("--ignore-dtype", arguments->ignore_dtype,
                    "Other dtypes are no difference, other values are");
  command->add_flag("--all", arguments->all, "List equal keys too");
  add_profile(command, arguments->profile);
  command->callback(
      [&program, arguments] { program.chosen = [&program, arguments] { return run(program, *arguments); }; });
}

}  // namespace sconce::cli
