#include "json_value.h"

#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>
#include <vector>

namespace sconce {
namespace {

class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  TreeBuilder(int deepest, uint64_t most_bytes) : deepest_(deepest), most_bytes_(most_bytes) {}

  bool null() override { return add(Value()); }
  bool boolean(bool v) override { return add(v); }
  bool number_integer(number_integer_t v) override { return add(static_cast<int64_t>(v)); }
  bool number_unsigned(number_unsigned_t v) override {
    if (v > static_cast<uint64_t>(INT64_MAX))
      fail(ErrorKind::corrupt, "the number ", v, " does not fit 64 bits");
    return add(static_cast<int64_t>(v));
  }
  bool number_float(number_float_t v, const string_t&) override { return add(static_cast<double>(v)); }
  bool binary(binary_t&) override { return false; }
  bool string(string_t& v) override {
    charge(v.size());
    return add(std::move(v));
  }
  bool start_object(size_t) override { return open(true); }
  bool start_array(size_t) override { return open(false); }
  bool key(string_t& name) override {
    Level& level = levels_.back();
    if (!level.keys.insert(name).second)
      fail(ErrorKind::corrupt, "the key ", Value(name).repr(60), " stands twice in one object");
    charge(2 * name.size() + 200);
    level.name = std::move(name);
    return true;
  }
  bool end_object() override {
    Value made = Value::dict(std::move(levels_.back().pairs));
    levels_.pop_back();
    return add(std::move(made));
  }
  bool end_array() override {
    Value made = Value::list(std::move(levels_.back().items));
    levels_.pop_back();
    return add(std::move(made));
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
    Error e(ErrorKind::corrupt, "no JSON document in UTF-8");
    throw e.at_offset(position ? position - 1 : 0);  // the parser counts from 1
  }

  Value result;

 private:
  struct Level {
    bool object = false;
    std::string name;
    std::unordered_set<std::string> keys;
    Value::Pairs pairs;
    Value::Items items;
  };

  bool open(bool object) {
    if (static_cast<int>(levels_.size()) >= deepest_)
      fail(ErrorKind::corrupt, "expected at most ", deepest_, " levels of objects and arrays");
    charge(400);
    levels_.emplace_back();
    levels_.back().object = object;
    return true;
  }
  bool add(Value v) {
    charge(120);
    if (levels_.empty())
      result = std::move(v);
    else if (levels_.back().object)
      levels_.back().pairs.emplace_back(Value(std::move(levels_.back().name)), std::move(v));
    else
      levels_.back().items.push_back(std::move(v));
    return true;
  }
  void charge(uint64_t bytes) {
    charged_ += bytes;
    if (charged_ > most_bytes_)
      fail(ErrorKind::out_of_budget, "a JSON document of more than ", most_bytes_, " bytes in memory");
  }

  const int deepest_;
  const uint64_t most_bytes_;
  uint64_t charged_ = 0;
  std::vector<Level> levels_;
};

}  // namespace

Value json_value(std::string_view text, int deepest, uint64_t most_bytes) {
  // The parser would take a zero byte for the end.
  if (const size_t zero = text.find('\0'); zero != text.npos) {
    Error e(ErrorKind::corrupt, "no JSON document in UTF-8");
    throw e.at_offset(zero);
  }
  TreeBuilder builder(deepest, most_bytes);
  nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  return std::move(builder.result);
}

}  // namespace sconce
