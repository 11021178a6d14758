#include "support/value_generator.h"

#include <sconce/error.h>
#include <sconce/quantized.h>
#include <sconce/sparse.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>

namespace sconce::test {
namespace {

using Kind = Value::Kind;

// SplitMix64.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  int64_t below(int64_t end) { return static_cast<int64_t>(next() % static_cast<uint64_t>(end)); }
  bool chance(int64_t one_in) { return below(one_in) == 0; }

 private:
  uint64_t state_;
};

class Generator {
 public:
  Generator(uint64_t seed, const GeneratorOptions& options) : random_(seed), options_(options) {}

  Value root() {
    Value::Pairs pairs;
    std::set<std::string> names;
    const int64_t count = random_.chance(12) ? 2000 + random_.below(3) : 3 + random_.below(25);
    // Many keys only once in a while, and then of small values: memo numbers past 255, batches past 1000.
    for (int64_t i = 0; i < count; ++i) add_pair(pairs, names, count > 100 ? 6 : 0);
    return Value::dict(std::move(pairs));
  }

 private:
  Value any(int depth) {
    if (!made_.empty() && random_.chance(10))
      return made_[static_cast<size_t>(random_.below(std::ssize(made_)))];
    Value v = random_.chance(4) ? tensor() : depth < 6 && random_.chance(3) ? container(depth + 1) : leaf();
    if (made_.size() < 200) made_.push_back(v);
    return v;
  }

  Value leaf() {
    switch (random_.below(12)) {
      case 0: return Value();
      case 1: return random_.chance(2);
      case 2: return integer();
      case 3: return floating();
      case 4: return std::complex<double>(floating(), floating());
      case 5: return text();
      case 6: return bytes();
      case 7: return big();
      case 8: return dtype();
      case 9: {
        constexpr Device devices[] = {cpu, meta, cuda(0), cuda(3)};
        return devices[random_.below(4)];
      }
      case 10: {
        std::vector<int64_t> extents(static_cast<size_t>(random_.below(6)));
        for (int64_t& n : extents)
          n = random_.chance(5) ? int64_t{1} << random_.below(40) : random_.below(300);
        return Value::size(extents);
      }
      default: return Value::global(random_.chance(2) ? "torch.strided" : "torch.sparse_coo");
    }
  }

  int64_t integer() {
    const int64_t bits = random_.below(64);
    const uint64_t raw = random_.next() >> (63 - bits);
    return static_cast<int64_t>(random_.chance(2) ? raw : 0 - raw);
  }

  double floating() {
    constexpr double special[] = {0.0, -0.0, 1.0, -1.5, 5e-324, 1.7976931348623157e308};
    switch (random_.below(8)) {
      case 0: return special[random_.below(6)];
      case 1: return std::numeric_limits<double>::infinity();
      case 2: return -std::numeric_limits<double>::infinity();
      case 3: return std::numeric_limits<double>::quiet_NaN();
      default: return std::ldexp(static_cast<double>(integer()), static_cast<int>(random_.below(200) - 100));
    }
  }

  std::string digits() {
    std::string out = random_.chance(2) ? "-" : "";
    out += static_cast<char>('1' + random_.below(9));
    const int64_t count = 19 + random_.below(random_.chance(4) ? 590 : 20);
    for (int64_t i = 0; i < count; ++i) out += static_cast<char>('0' + random_.below(10));
    return out;
  }
  Value big() {
    switch (random_.below(6)) {
      case 0: return Value::big_integer("9223372036854775808");
      case 1: return Value::big_integer("-9223372036854775809");
      case 2: return Value::big_integer("340282366920938463463374607431768211456");
      default: return Value::big_integer(digits());
    }
  }

  std::string text() {
    static const char* const parts[] = {"a",  "weight", ".", "é",           "日本", "\xF0\x9F\x98\x80",
                                        "\n", "'",      " ", "\xED\xA0\x80"};  // the last is a lone surrogate
    if (random_.chance(8)) return "";
    std::string out;
    const int64_t count = random_.chance(20) ? 400 : 1 + random_.below(5);
    for (int64_t i = 0; i < count; ++i) out += parts[random_.below(10)];
    if (random_.chance(10)) out += '\0';
    return out;
  }

  Value bytes() {
    std::string out(static_cast<size_t>(random_.below(random_.chance(10) ? 1000 : 9)), '\0');
    for (char& c : out) c = static_cast<char>(random_.below(256));
    return Value::bytes(out, random_.chance(3) ? "bytearray" : "bytes");
  }

  Value::Items items(int depth, int64_t most) {
    Value::Items out;
    const int64_t count = depth == 1 && random_.chance(40) ? 1001 : random_.below(most);
    for (int64_t i = 0; i < count; ++i) out.push_back(any(depth));
    return out;
  }

  // A key that Python can hash and that differs from the others there. True, 1 and 1.0 are one key, so only ints.
  Value key() {
    switch (random_.below(6)) {
      case 0: return integer();
      case 1: return Value::tuple({integer(), text()});
      case 2: return big();
      default: return text();
    }
  }

  void add_pair(Value::Pairs& pairs, std::set<std::string>& names, int depth) {
    Value k = key();
    if (!names.insert(k.repr(100000)).second) return;
    pairs.emplace_back(std::move(k), any(depth));
  }

  Value container(int depth) {
    switch (random_.below(8)) {
      case 0:
      case 1: return Value::list(items(depth, 6));
      case 2: return Value::tuple(items(depth, 6));
      case 3: {
        Value::Items members;
        std::set<std::string> names;
        const int64_t count = random_.below(5);
        for (int64_t i = 0; i < count; ++i)
          if (Value k = key(); names.insert(k.repr(100000)).second) members.push_back(std::move(k));
        return Value::set(std::move(members), options_.only_torch || random_.chance(2) ? "set" : "frozenset");
      }
      case 4: {
        Value::Pairs counts;
        std::set<std::string> names;
        for (int64_t i = random_.below(4); i-- > 0;)
          if (Value k = key(); names.insert(k.repr(100000)).second)
            counts.emplace_back(std::move(k), integer());
        return Value::dict(std::move(counts), "collections.Counter");
      }
      default: break;
    }
    static const char* const types[] = {"dict", "collections.OrderedDict", "collections.defaultdict"};
    const std::string type = types[random_.below(options_.only_torch ? 2 : 3)];
    Value::Pairs pairs;
    std::set<std::string> names;
    for (int64_t i = random_.below(6); i-- > 0;) add_pair(pairs, names, depth);
    Value made = Value::dict(std::move(pairs), type);
    if (type == types[2] && random_.chance(2))
      made = made.with_attributes(Value::dict({{"default_factory", Value::global("builtins.list")}}));
    if (type == types[1] && random_.chance(2)) made = made.with_attributes(attributes(depth));
    return made;
  }

  Value attributes(int depth) { return Value::dict({{"_metadata", any(depth + 1)}, {"note", text()}}); }

  DType dtype() {
    for (;;) {
      const auto d = static_cast<DType>(random_.below(dtype_count));
      const bool is_new = is_bits(d) || (d >= DType::f8_e4m3fn && d <= DType::f4_e2m1fn_x2) ||
                          (d >= DType::u16 && d <= DType::u64) || d == DType::complex32 ||
                          d == DType::bcomplex32;
      if (!is_quantized(d) && !(is_new && options_.only_old_torch)) return d;
    }
  }

  Storage storage(DType d) {
    const int64_t numel = random_.chance(10) ? 0 : 1 + random_.below(80);
    // Some end in the middle of an element.
    const bool odd = !options_.only_torch && random_.chance(15);
    const Storage out = Storage::allocate(static_cast<size_t>(numel) * size_of(d) + (odd ? 1 : 0));
    auto* bytes = static_cast<unsigned char*>(out.data());
    for (size_t i = 0; i < out.nbytes(); ++i)
      bytes[i] = static_cast<unsigned char>(d == DType::boolean ? random_.below(2) : random_.below(256));
    return out;
  }

  Value tensor() {
    if (random_.chance(10)) return options_.only_old_torch || random_.chance(2) ? quantized() : sparse();
    if (!tensors_.empty() && random_.chance(12)) return Value(earlier());  // tied, by another value
    DType d = dtype();
    if (random_.chance(12)) {
      return Value(Tensor(Storage::allocate(24 * size_of(d), meta), d, Shape{2, 3, 4}, Strides{12, 1, 3}));
    }
    Storage from;
    if (!tensors_.empty() && random_.chance(2)) {
      const Tensor other = earlier();
      from = other.storage();
      if (options_.only_torch || other.dtype() == DType::boolean || d == DType::boolean || !random_.chance(5))
        d = other.dtype();
    } else {
      from = storage(d);
    }
    const Tensor made = view_of(from, d);
    tensors_.push_back(made);
    Value v(made);
    return random_.chance(6) && !options_.only_old_torch ? v.with_attributes(attributes(5)) : v;
  }

  // A contiguous tensor of bytes at random, or of the given numbers.
  Tensor dense(DType d, const Shape& shape) {
    const Tensor made(Storage::allocate(static_cast<size_t>(shape.numel()) * size_of(d)), d, shape);
    auto* bytes = static_cast<unsigned char*>(made.storage().data());
    for (size_t i = 0; i < made.storage().nbytes(); ++i)
      bytes[i] = static_cast<unsigned char>(d == DType::boolean ? random_.below(2) : random_.below(256));
    return made;
  }
  template <class T>
  static Tensor of(const std::vector<T>& numbers, const Shape& shape) {
    Tensor made(Storage::allocate(numbers.size() * sizeof(T)), dtype_of<T>, shape);
    std::copy(numbers.begin(), numbers.end(), static_cast<T*>(made.storage().data()));
    return made;
  }

  Value quantized() {
    constexpr DType dtypes[] = {DType::qint8, DType::quint8, DType::qint32, DType::quint4x2};
    const DType d = dtypes[random_.below(4)];
    const bool packed = d == DType::quint4x2;
    QuantizedTensor q;
    std::vector<int64_t> extents(static_cast<size_t>(1 + random_.below(3)));
    for (int64_t& n : extents) n = 1 + random_.below(5);
    q.shape = Shape(extents);
    if (packed)
      q.values = dense(d, Shape{(q.shape.numel() + 1) / 2});
    else if (extents.size() > 1 && random_.chance(3))
      q.values =
          dense(d, Shape(std::vector<int64_t>(extents.rbegin(), extents.rend())))
              .permute(extents.size() == 2 ? std::vector<int64_t>{1, 0} : std::vector<int64_t>{2, 1, 0});
    else
      q.values = dense(d, q.shape);
    q.axis = random_.below(std::ssize(extents));
    const auto channels = static_cast<size_t>(extents[static_cast<size_t>(q.axis)]);
    if (!packed && random_.chance(2)) {
      q.axis = 0;
      q.scales = of<double>({0.5 + static_cast<double>(random_.below(100)) / 64}, Shape{});
      q.zero_points = of<int64_t>({random_.below(100)}, Shape{});
      return Value::quantized(q);
    }
    const Shape each{static_cast<int64_t>(channels)};
    if (packed) {
      q.scheme = QScheme::per_channel_affine_float_qparams;
      q.scales = of(std::vector<float>(channels, 0.25F), each);
      q.zero_points = of(std::vector<float>(channels, static_cast<float>(random_.below(7))), each);
    } else {
      q.scheme = QScheme::per_channel_affine;
      q.scales = of(std::vector<double>(channels, 0.1), each);
      q.zero_points = of(std::vector<int64_t>(channels, random_.below(7)), each);
    }
    return Value::quantized(q);
  }

  Value sparse() {
    constexpr Layout layouts[] = {Layout::sparse_csr, Layout::sparse_csc, Layout::sparse_bsr,
                                  Layout::sparse_bsc, Layout::sparse_coo};
    constexpr DType dtypes[] = {DType::f32, DType::f64,     DType::i64,
                                DType::u8,  DType::boolean, DType::complex64};
    SparseTensor s;
    s.layout = layouts[random_.below(5)];
    const DType d = dtypes[random_.below(6)];
    // Which places are there: of the compressed dimension, in order, those of the other.
    const int64_t lines = 1 + random_.below(4), places = 1 + random_.below(4);
    std::vector<int64_t> compressed{0}, plain, line_of;
    for (int64_t line = 0; line < lines; ++line) {
      for (int64_t place = 0; place < places; ++place)
        if (random_.chance(2)) plain.push_back(place), line_of.push_back(line);
      compressed.push_back(std::ssize(plain));
    }
    const int64_t count = std::ssize(plain);
    if (s.layout == Layout::sparse_coo) {
      s.is_coalesced = random_.chance(2);
      if (!s.is_coalesced)
        std::reverse(plain.begin(), plain.end()), std::reverse(line_of.begin(), line_of.end());
      line_of.insert(line_of.end(), plain.begin(), plain.end());
      s.indices = of(line_of, Shape{2, count});
      const bool hybrid = random_.chance(2);
      s.values = dense(d, hybrid ? Shape{count, 3} : Shape{count});
      s.shape = hybrid ? Shape{lines, places, 3} : Shape{lines, places};
      return Value::sparse(s);
    }
    const bool blocks = s.layout == Layout::sparse_bsr || s.layout == Layout::sparse_bsc;
    const bool rows = s.layout == Layout::sparse_csr || s.layout == Layout::sparse_bsr;
    if (random_.chance(2)) {
      s.compressed = of(std::vector<int32_t>(compressed.begin(), compressed.end()), Shape{lines + 1});
      s.plain = of(std::vector<int32_t>(plain.begin(), plain.end()), Shape{count});
    } else {
      s.compressed = of(compressed, Shape{lines + 1});
      s.plain = of(plain, Shape{count});
    }
    const int64_t high = blocks ? 2 : 1, wide = blocks ? 3 : 1;
    s.values = dense(d, blocks ? Shape{count, high, wide} : Shape{count});
    s.shape = rows ? Shape{lines * high, places * wide} : Shape{places * high, lines * wide};
    return Value::sparse(s);
  }

  const Tensor& earlier() { return tensors_[static_cast<size_t>(random_.below(std::ssize(tensors_)))]; }

  // Extents and strides at random, until they lie inside.
  Tensor view_of(const Storage& from, DType d) {
    const auto room = static_cast<int64_t>(from.nbytes() / size_of(d));
    for (int tries = 0; tries < 30; ++tries) {
      const auto rank = static_cast<size_t>(random_.below(5));
      std::vector<int64_t> extents(rank);
      Strides strides(rank);
      int64_t step = random_.chance(3) ? 1 + random_.below(3) : 1, reach = 0, numel = 1;
      for (size_t i = rank; i-- > 0;) {
        extents[i] = random_.chance(12) ? 0 : 1 + random_.below(4);
        strides[i] = random_.chance(8) ? 0 : random_.chance(8) ? 1 + random_.below(7) : step;
        step = std::max<int64_t>(1, strides[i] * extents[i]);
        numel *= extents[i];
        reach += std::max<int64_t>(0, extents[i] - 1) * strides[i];
      }
      if (random_.chance(2) && rank > 1) {
        const auto a = static_cast<size_t>(random_.below(static_cast<int64_t>(rank)));
        std::swap(extents[0], extents[a]);
        std::swap(strides[0], strides[a]);
      }
      if (numel != 0 && reach >= room) continue;
      const int64_t offset = numel == 0 ? 0 : random_.below(room - reach);
      return Tensor(from, d, Shape(extents), strides, offset);
    }
    return Tensor(from, d, Shape{room});
  }

  Random random_;
  const GeneratorOptions options_;
  std::vector<Value> made_;
  std::vector<Tensor> tensors_;
};

}  // namespace

Value generate_tree(uint64_t seed, const GeneratorOptions& options) {
  return Generator(seed, options).root();
}

}  // namespace sconce::test
