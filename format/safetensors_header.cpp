// The head of a safetensors file, read event by event and held against every rule of the format.
#include "safetensors_header.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <unordered_set>

namespace sconce {
namespace {

[[noreturn]] void refuse(const std::string& key, const std::string& message) {
  Error e(ErrorKind::corrupt, "[safetensors] " + message);
  throw e.at_key(key);
}

// Turns the events of the JSON parser into entries. It holds the whole grammar of the header: what may stand
// where, each key once. Nothing nests deeper than a shape, but for fields that the format does not name.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  HeaderReader(SafetensorsHeader& out, Profile profile, const Budget& budget)
      : out_(out), profile_(profile), budget_(budget) {}

  bool null() override { return scalar("null"); }
  bool boolean(bool) override { return scalar("a truth value"); }
  bool number_integer(number_integer_t) override { return scalar("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { return scalar("a fraction"); }
  bool binary(binary_t&) override { return scalar("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (place_ != Place::shape && place_ != Place::offsets) return scalar("a number");
    if (value > static_cast<uint64_t>(INT64_MAX))
      refuse(key(), concat("the number ", value, " is too large"));
    if (place_ == Place::shape) {
      if (entry().shape.size() == 64) refuse(key(), "expected at most 64 dimensions");
      charge(64);
      entry().shape.push_back(static_cast<int64_t>(value));
    } else {
      if (offsets_ == 2) refuse(key(), "expected two data_offsets, got more");
      (offsets_ == 0 ? entry().begin : entry().end) = value;
      ++offsets_;
    }
    return true;
  }

  bool string(string_t& value) override {
    if (place_ == Place::dtype) {
      entry().type = safetensors_type(value);
      if (!entry().type) {
        Error e(ErrorKind::unsupported,
                "[safetensors] a tensor of dtype " + Value(value).repr(40) + ", which Sconce does not know");
        throw e.at_key(key());
      }
      place_ = Place::entry;
      return true;
    }
    if (place_ == Place::metadata) {
      charge(200 + value.size());
      out_.metadata.back().second = std::move(value);
      return true;
    }
    return scalar("a string");
  }

  bool start_object(size_t) override {
    switch (place_) {
      case Place::outside: place_ = Place::names; return true;
      case Place::named: place_ = Place::entry; return true;
      case Place::metadata_named: place_ = Place::metadata; return true;
      case Place::ignored: return deeper();
      default: return scalar("an object");
    }
  }

  bool key(string_t& name) override {
    switch (place_) {
      case Place::names: begin_entry(name); return true;
      case Place::entry: begin_field(name); return true;
      case Place::metadata:
        if (!metadata_keys_.insert(name).second)
          refuse(safetensors_metadata_key, "the key " + Value(name).repr(60) + " stands twice");
        charge(200 + 2 * name.size());
        out_.metadata.emplace_back(std::move(name), "");
        return true;
      default: return true;  // ignored
    }
  }

  bool end_object() override {
    switch (place_) {
      case Place::names: place_ = Place::outside; return true;
      case Place::entry: end_entry(); return true;
      case Place::metadata: place_ = Place::names; return true;
      default: return shallower();
    }
  }

  bool start_array(size_t) override {
    if (place_ == Place::shape_named)
      place_ = Place::shape;
    else if (place_ == Place::offsets_named)
      place_ = Place::offsets;
    else if (place_ == Place::ignored)
      return deeper();
    else
      return scalar("an array");
    return true;
  }

  bool end_array() override {
    if (place_ == Place::ignored) return shallower();
    if (place_ == Place::offsets && offsets_ != 2)
      refuse(key(), concat("expected two data_offsets, got ", offsets_));
    place_ = Place::entry;
    return true;
  }

  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
    Error e(ErrorKind::corrupt, "[safetensors] the header is no JSON document in UTF-8");
    // The parser counts from 1, and the header stands behind its length.
    throw e.at_offset(8 + (position ? position - 1 : 0)).at_key(key());
  }

 private:
  enum class Place {
    outside,
    names,  // between the tensors
    named,  // behind a tensor's name
    entry,  // between a tensor's fields
    dtype,  // behind "dtype"
    shape_named,
    shape,  // in its array
    offsets_named,
    offsets,
    metadata_named,
    metadata,
    ignored,  // behind or in a field that the format does not name
  };
  static constexpr int deepest_ignored = 16;

  SafetensorsEntry& entry() { return out_.entries.back(); }
  const std::string& key() const {
    static const std::string none, metadata = safetensors_metadata_key;
    if (place_ == Place::metadata || place_ == Place::metadata_named) return metadata;
    return place_ == Place::outside || place_ == Place::names || out_.entries.empty()
               ? none
               : out_.entries.back().name;
  }

  bool scalar(const char* what) {
    switch (place_) {
      case Place::ignored:
        if (depth_ == 0) place_ = Place::entry;
        return true;
      case Place::outside: refuse("", concat("expected an object of tensors, got ", what));
      case Place::named:
        refuse(key(), concat("expected a tensor's dtype, shape and data_offsets, got ", what));
      case Place::metadata_named: refuse(key(), concat("expected an object of strings, got ", what));
      case Place::metadata: refuse(key(), concat("expected strings as values, got ", what));
      case Place::dtype: refuse(key(), concat("expected a string as dtype, got ", what));
      case Place::shape_named: refuse(key(), concat("expected an array as shape, got ", what));
      case Place::shape: refuse(key(), concat("expected whole numbers of at least 0 as shape, got ", what));
      case Place::offsets_named: refuse(key(), concat("expected an array as data_offsets, got ", what));
      default: refuse(key(), concat("expected whole numbers of at least 0 as data_offsets, got ", what));
    }
  }
  bool deeper() {
    if (++depth_ > deepest_ignored) refuse(key(), "the header is nested too deeply");
    return true;
  }
  bool shallower() {
    if (--depth_ == 0) place_ = Place::entry;
    return true;
  }

  void begin_entry(string_t& name) {
    if (name == safetensors_metadata_key) {
      if (std::exchange(has_metadata_, true)) refuse(name, "the key stands twice");
      place_ = Place::metadata_named;
      return;
    }
    if (!names_.insert(name).second) refuse(name, "the name stands twice");
    if (out_.entries.size() >= budget_.tensors)
      fail(ErrorKind::out_of_budget, "more than ", budget_.tensors, " tensors");
    charge(900 + 3 * name.size());
    out_.entries.push_back({std::move(name), nullptr, {}, 0, 0});
    offsets_ = 0;
    has_shape_ = has_offsets_ = false;
    place_ = Place::named;
  }

  void begin_field(const string_t& name) {
    const auto once = [&](bool& seen) {
      if (std::exchange(seen, true)) refuse(key(), "the field \"" + name + "\" stands twice");
    };
    if (name == "dtype") {
      bool seen = entry().type != nullptr;
      once(seen);
      place_ = Place::dtype;
    } else if (name == "shape") {
      once(has_shape_);
      place_ = Place::shape_named;
    } else if (name == "data_offsets") {
      once(has_offsets_);
      place_ = Place::offsets_named;
    } else {
      const std::string text = "the unknown field " + Value(name).repr(40);
      if (profile_ == Profile::strict) refuse(key(), text);
      if (out_.warnings.size() < 20) out_.warnings.push_back("tensor " + key() + " has " + text);
      depth_ = 0;
      place_ = Place::ignored;
    }
  }

  void end_entry() {
    const char* missing = !entry().type   ? "dtype"
                          : !has_shape_   ? "shape"
                          : !has_offsets_ ? "data_offsets"
                                          : nullptr;
    if (missing) refuse(key(), concat("the field \"", missing, "\" is missing"));
    place_ = Place::names;
  }

  void charge(uint64_t bytes) {
    charged_ += bytes;
    if (charged_ > budget_.tree_bytes)
      fail(ErrorKind::out_of_budget, "the header's tensors and metadata pass the limit of ",
           budget_.tree_bytes, " bytes");
  }

  SafetensorsHeader& out_;
  const Profile profile_;
  const Budget budget_;
  Place place_ = Place::outside;
  int offsets_ = 0, depth_ = 0;
  bool has_shape_ = false, has_offsets_ = false, has_metadata_ = false;
  uint64_t charged_ = 0;
  std::unordered_set<std::string> names_, metadata_keys_;
};

// Every byte behind the header belongs to one tensor, and to one only.
void check_tiling(const SafetensorsHeader& header, uint64_t data_bytes) {
  std::vector<size_t> order(header.entries.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const SafetensorsEntry &x = header.entries[a], &y = header.entries[b];
    return std::pair(x.begin, x.end) < std::pair(y.begin, y.end);
  });
  uint64_t at = 0;
  for (const size_t i : order) {
    const SafetensorsEntry& e = header.entries[i];
    if (e.end < e.begin) refuse(e.name, concat("data_offsets [", e.begin, ", ", e.end, "] run backwards"));
    if (e.begin != at)
      refuse(e.name, concat("data_offsets [", e.begin, ", ", e.end, "] ",
                            e.begin < at ? "overlap another tensor" : "leave a hole",
                            ": expected them to begin at ", at));
    if (e.end > data_bytes)
      refuse(e.name, concat("data_offsets [", e.begin, ", ", e.end, "] end outside the file, which has ",
                            data_bytes, " bytes of data"));
    at = e.end;
    const auto nbytes = safetensors_nbytes(*e.type, e.shape);
    if (!nbytes)
      refuse(e.name, concat("a tensor of shape ", Shape(e.shape), " and dtype ", e.type->name,
                            e.type->bits < 8 ? " is no whole number of bytes" : " does not fit 64 bits"));
    if (*nbytes != e.end - e.begin)
      refuse(e.name, concat("a tensor of shape ", Shape(e.shape), " and dtype ", e.type->name, " needs ",
                            *nbytes, " bytes, its data_offsets span ", e.end - e.begin));
  }
  if (at != data_bytes)
    refuse("", concat(data_bytes - at, " bytes at the end of the file belong to no tensor"));
}

}  // namespace

SafetensorsHeader read_safetensors_header(Bytes file, Profile profile, const Budget& budget) {
  ByteReader in(file);
  if (in.remaining() < 8)
    ByteReader::fail_at(0, "[safetensors] expected the header's length in 8 bytes, the file has ",
                        file.size());
  const auto length = in.little<uint64_t>();
  if (length > longest_safetensors_header)
    ByteReader::fail_at(0, "[safetensors] expected a header of at most ", longest_safetensors_header,
                        " bytes, got one of ", length);
  if (length > in.remaining())
    ByteReader::fail_at(0, "[safetensors] the header should have ", length, " bytes, the file ends after ",
                        in.remaining());
  const std::string_view text = in.take_text(length);
  if (text.empty() || text[0] != '{')
    ByteReader::fail_at(8, "[safetensors] expected the header to begin with '{'");
  // The parser would take a zero byte for the end.
  if (const size_t zero = text.find('\0'); zero != text.npos)
    ByteReader::fail_at(8 + zero, "[safetensors] the header is no JSON document in UTF-8");
  if (length > budget.tree_bytes)
    fail(ErrorKind::out_of_budget, "the header has ", length, " bytes; the limit is ", budget.tree_bytes);

  SafetensorsHeader out;
  HeaderReader reader(out, profile, budget);
  nlohmann::json::sax_parse(text.begin(), text.end(), &reader);
  check_tiling(out, in.remaining());
  for (SafetensorsEntry& e : out.entries) e.begin += in.position(), e.end += in.position();
  return out;
}

}  // namespace sconce
