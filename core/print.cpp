// Prints tensors as PyTorch's repr does: what torch/_tensor_str.py decides with its default options.
#include <sconce/tensor.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ostream>

#include "cpu/cast.h"

namespace sconce {
namespace {

constexpr int64_t threshold = 1000;  // elements beyond which the middle is left out
constexpr int64_t edge = 3;          // elements shown at each end then
constexpr int64_t line_width = 80;

std::string formatted(const char* format, double value) {
  char text[400];  // 1.8e308 has 309 digits before the point
  const int n = std::snprintf(text, sizeof text, format, value);
  std::string out(text, static_cast<size_t>(std::max(n, 0)));
  return std::isnan(value) ? "nan" : out;
}

// One element, or one part of a complex one, ready to print.
struct Number {
  enum class Kind { floating, integer, unsigned_integer, boolean } kind;
  double real = 0;
  int64_t integer = 0;
};

Number number_of(double v) { return {Number::Kind::floating, v, 0}; }
Number number_of(float v) { return {Number::Kind::floating, v, 0}; }
Number number_of(bool v) { return {Number::Kind::boolean, 0, v}; }
Number number_of(int64_t v) { return {Number::Kind::integer, 0, v}; }
Number number_of(uint64_t v) { return {Number::Kind::unsigned_integer, 0, static_cast<int64_t>(v)}; }

// Chooses one notation and width for all numbers that are shown.
class Formatter {
 public:
  void see(const Number& n) {
    if (n.kind != Number::Kind::floating) {
      floating_ = false;
      width_ = std::max(width_, plain(n).size());
    } else if (n.real != 0 && std::isfinite(n.real)) {
      finite_.push_back(n.real);
    }
  }

  void decide() {
    if (finite_.empty()) return;
    double low = HUGE_VAL, high = 0;
    for (double v : finite_) {
      low = std::min(low, std::fabs(v)), high = std::max(high, std::fabs(v));
      whole_ = whole_ && v == std::ceil(v);
    }
    scientific_ = high / low > 1000.0 || high > 1.0e8 || low < 1.0e-4;
    for (double v : finite_) width_ = std::max(width_, digits(v).size() + (whole_ && !scientific_ ? 1 : 0));
    finite_.clear();
  }

  size_t width() const { return width_; }

  std::string operator()(const Number& n) const {
    std::string text = floating_ ? digits(n.real) : plain(n);
    if (floating_ && whole_ && !scientific_ && std::isfinite(n.real)) text += '.';
    return text.size() < width_ ? std::string(width_ - text.size(), ' ') + text : text;
  }

 private:
  std::string digits(double v) const { return formatted(scientific_ ? "%.4e" : whole_ ? "%.0f" : "%.4f", v); }
  static std::string plain(const Number& n) {
    if (n.kind == Number::Kind::boolean) return n.integer ? "True" : "False";
    if (n.kind == Number::Kind::unsigned_integer) return std::to_string(static_cast<uint64_t>(n.integer));
    return std::to_string(n.integer);
  }

  std::vector<double> finite_;
  bool floating_ = true, whole_ = true, scientific_ = false;
  size_t width_ = 1;
};

// The tensor on the CPU, read where it lies.
class Printer {
 public:
  explicit Printer(const Tensor& tensor) : tensor_(tensor), summarized_(tensor.numel() > threshold) {
    each_shown(0, 0, [&](int64_t at) {
      const auto [re, im] = element(at);
      real_.see(re), imaginary_.see(im);
    });
    real_.decide(), imaginary_.decide();
  }

  std::string text(int64_t d, int64_t at, int64_t indent) const {
    if (tensor_.dim() == 0) return one(at);
    if (d == tensor_.dim() - 1) return vector(at, indent);
    std::string out = "[";
    const std::string between = "," + std::string(static_cast<size_t>(tensor_.dim() - d - 1), '\n') +
                                std::string(static_cast<size_t>(indent + 1), ' ');
    for (const int64_t i : shown(d)) {
      if (out.size() > 1) out += between;
      out += i < 0 ? "..." : text(d + 1, at + i * tensor_.stride(d), indent + 1);
    }
    return out + "]";
  }

 private:
  // Indices of dimension d that are shown, -1 for the dots.
  std::vector<int64_t> shown(int64_t d) const {
    const int64_t n = tensor_.size(d);
    const bool cut = summarized_ && n > 2 * edge;
    std::vector<int64_t> indices;
    for (int64_t i = 0; i < (cut ? edge : n); ++i) indices.push_back(i);
    if (cut) indices.push_back(-1);
    for (int64_t i = n - edge; cut && i < n; ++i) indices.push_back(i);
    return indices;
  }

  template <class F>
  void each_shown(int64_t d, int64_t at, F&& f) const {
    if (d == tensor_.dim()) return f(at);
    for (const int64_t i : shown(d))
      if (i >= 0) each_shown(d + 1, at + i * tensor_.stride(d), f);
  }

  // Real and imaginary part (0 for real dtypes) of the element `at` elements after the first.
  std::pair<Number, Number> element(int64_t at) const {
    const auto none = number_of(0.0);
    if (!is_numeric(tensor_.dtype())) return {bits_of(at), none};
    return with_type("print", tensor_.dtype(), [&]<class T>() -> std::pair<Number, Number> {
      const auto v = widened(static_cast<const T*>(tensor_.data())[at]);
      if constexpr (is_complex_type<T>)
        return {number_of(v.real()), number_of(v.imag())};
      else if constexpr (std::is_same_v<T, bool> || std::is_floating_point_v<decltype(v)>)
        return {number_of(v), none};
      else if constexpr (std::is_unsigned_v<T>)
        return {number_of(static_cast<uint64_t>(v)), none};
      else
        return {number_of(static_cast<int64_t>(v)), none};
    });
  }

  // Of dtypes without numbers: the stored integer.
  Number bits_of(int64_t at) const {
    const void* data = tensor_.data();
    switch (tensor_.dtype()) {
      case DType::qint8: return number_of(int64_t{static_cast<const int8_t*>(data)[at]});
      case DType::qint32: return number_of(int64_t{static_cast<const int32_t*>(data)[at]});
      case DType::bits16: return number_of(uint64_t{static_cast<const uint16_t*>(data)[at]});
      default: return number_of(uint64_t{static_cast<const uint8_t*>(data)[at]});
    }
  }

  std::string one(int64_t at) const {
    const auto [re, im] = element(at);
    if (!is_complex(tensor_.dtype())) return real_(re);
    std::string imaginary = imaginary_(im) + "j";
    imaginary.erase(0, imaginary.find_first_not_of(' '));
    return real_(re) + (imaginary[0] == '-' || imaginary[0] == '+' ? "" : "+") + imaginary;
  }

  std::string vector(int64_t at, int64_t indent) const {
    const int64_t d = tensor_.dim() - 1;
    const size_t element_width =
        real_.width() + 2 + (is_complex(tensor_.dtype()) ? imaginary_.width() + 1 : 0);
    const int64_t per_line =
        std::max<int64_t>(1, (line_width - indent) / static_cast<int64_t>(element_width));
    std::string out = "[";
    int64_t count = 0;
    for (const int64_t i : shown(d)) {
      if (count > 0)
        out += count % per_line == 0 ? ",\n" + std::string(static_cast<size_t>(indent + 1), ' ') : ", ";
      out += i < 0 ? " ..." : one(at + i * tensor_.stride(d));
      ++count;
    }
    return out + "]";
  }

  Tensor tensor_;
  bool summarized_;
  Formatter real_, imaginary_;
};

// torch.Size as a Python tuple.
std::string tuple_of(const Shape& shape) {
  std::string text = shape.str();
  text.front() = '(', text.back() = ')';
  if (shape.dim() == 1) text.insert(text.size() - 1, ",");
  return text;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) {
  if (!tensor.defined()) return out << "None";
  const std::string prefix = "tensor(";
  const auto indent = static_cast<int64_t>(prefix.size());
  std::vector<std::string> suffixes;
  std::string text = prefix;
  const DType dtype = tensor.dtype();
  if (tensor.device() != cpu) suffixes.push_back("device='" + tensor.device().str() + "'");
  bool show_dtype = dtype != DType::f32;
  if (tensor.device() == meta) {
    text += "...";
    suffixes.push_back("size=" + tuple_of(tensor.shape()));
  } else if (tensor.numel() == 0) {
    text += "[]";
    if (tensor.dim() != 1) suffixes.push_back("size=" + tuple_of(tensor.shape()));
  } else {
    text += Printer(tensor.to(cpu)).text(0, 0, indent);
    show_dtype = show_dtype && dtype != DType::i64 && dtype != DType::boolean && dtype != DType::complex64;
  }
  if (show_dtype) suffixes.push_back(std::string("dtype=torch.") + name_of(dtype));
  const size_t last_break = text.rfind('\n');
  auto line =
      static_cast<int64_t>(last_break == std::string::npos ? text.size() + 2 : text.size() - last_break + 1);
  for (const std::string& suffix : suffixes) {
    const auto n = static_cast<int64_t>(suffix.size());
    const bool breaks = line + n + 2 > line_width;
    text += breaks ? ",\n" + std::string(static_cast<size_t>(indent), ' ') + suffix : ", " + suffix;
    line = breaks ? indent + n : line + n + 2;
  }
  return out << text << ')';
}

}  // namespace sconce
