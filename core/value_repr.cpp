// Values as Python would print them, within bounds.
#include <sconce/value.h>

#include <charconv>
#include <cmath>

namespace sconce {
namespace {

constexpr int max_depth = 6;

// As repr(float): the shortest digits that read back, "1.0", "1e-05", "inf", "nan".
std::string float_repr(double v) {
  if (std::isnan(v)) return "nan";
  if (std::isinf(v)) return v > 0 ? "inf" : "-inf";
  char buffer[40];
  const double magnitude = std::fabs(v);
  const bool scientific = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e16);
  const auto format = scientific ? std::chars_format::scientific : std::chars_format::fixed;
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, v, format).ptr;
  std::string text(buffer, end);
  if (!scientific && text.find('.') == std::string::npos) text += ".0";
  return text;
}

std::string quoted(const std::string& text, size_t max_length) {
  static const char* hex = "0123456789abcdef";
  const char quote = text.find('\'') != std::string::npos && text.find('"') == std::string::npos ? '"' : '\'';
  std::string out(1, quote);
  for (const char c : text) {
    if (out.size() > max_length) return out + "...";
    const auto byte = static_cast<unsigned char>(c);
    if (c == quote || c == '\\')
      (out += '\\') += c;
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (c == '\r')
      out += "\\r";
    else if (byte < 0x20 || byte == 0x7f)
      ((out += "\\x") += hex[byte >> 4]) += hex[byte & 15];
    else
      out += c;
  }
  return out + quote;
}

class Printer {
 public:
  explicit Printer(size_t max_length) : max_length_(max_length) {}

  std::string print(const Value& value) {
    write(value, 0);
    if (out_.size() > max_length_) out_ = out_.substr(0, max_length_) + "...";
    return std::move(out_);
  }

 private:
  bool full() const { return out_.size() > max_length_; }

  void write_items(const Value::Items& items, int depth) {
    for (size_t i = 0; i < items.size() && !full(); ++i) {
      if (i) out_ += ", ";
      write(items[i], depth + 1);
    }
  }

  void write_pairs(const Value::Pairs& pairs, int depth) {
    for (size_t i = 0; i < pairs.size() && !full(); ++i) {
      if (i) out_ += ", ";
      write(pairs[i].first, depth + 1);
      out_ += ": ";
      write(pairs[i].second, depth + 1);
    }
  }

  void write(const Value& value, int depth) {
    using Kind = Value::Kind;
    if (full()) return;
    if (depth > max_depth) {
      out_ += "...";
      return;
    }
    switch (value.kind()) {
      case Kind::none: out_ += "None"; break;
      case Kind::boolean: out_ += value.as_bool() ? "True" : "False"; break;
      case Kind::integer: out_ += std::to_string(value.as_int()); break;
      case Kind::big_integer: out_ += value.as_string(); break;
      case Kind::floating: out_ += float_repr(value.as_double()); break;
      case Kind::complex: write_complex(value.as_complex()); break;
      case Kind::string: out_ += quoted(value.as_string(), max_length_); break;
      case Kind::bytes: out_ += "b" + quoted(value.as_string(), max_length_); break;
      case Kind::list: enclose("[", value, "]", depth); break;
      case Kind::tuple: enclose("(", value, value.items().size() == 1 ? ",)" : ")", depth); break;
      case Kind::set: value.items().empty() ? void(out_ += "set()") : enclose("{", value, "}", depth); break;
      case Kind::size: enclose("torch.Size([", value, "])", depth); break;
      case Kind::dict: write_dict(value, depth); break;
      case Kind::tensor: write_tensor(value.as_tensor()); break;
      case Kind::dtype: (out_ += "torch.") += name_of(value.as_dtype()); break;
      case Kind::device: out_ += "device('" + value.as_device().str() + "')"; break;
      case Kind::global: out_ += "<class '" + value.as_string() + "'>"; break;
      case Kind::object: write_object(value, depth); break;
    }
  }

  void enclose(const char* open, const Value& value, const char* close, int depth) {
    out_ += open;
    write_items(value.items(), depth);
    out_ += close;
  }

  void write_complex(std::complex<double> z) {
    auto part = [](double v) {
      std::string text = float_repr(v);
      return text.ends_with(".0") ? text.substr(0, text.size() - 2) : text;
    };
    if (z.real() == 0 && !std::signbit(z.real())) {
      out_ += part(z.imag()) + "j";
      return;
    }
    const std::string imaginary = part(z.imag());
    out_ += "(" + part(z.real()) + (imaginary[0] == '-' ? "" : "+") + imaginary + "j)";
  }

  void write_dict(const Value& value, int depth) {
    const std::string type = value.type_name();
    const bool plain = type == "dict";
    if (!plain) out_ += type.substr(type.rfind('.') + 1) + "(";
    out_ += "{";
    write_pairs(value.pairs(), depth);
    out_ += plain ? "}" : "})";
  }

  void write_tensor(const Tensor& t) {
    out_ += concat("tensor(shape=", t.shape(), ", dtype=", name_of(t.dtype()), ")");
  }

  void write_object(const Value& value, int depth) {
    out_ += "<" + value.type_name() + ">(";
    write_items(value.arguments(), depth);
    out_ += ")";
    if (!value.state().is_none()) {
      out_ += " state=";
      write(value.state(), depth + 1);
    }
    if (!value.items().empty()) enclose(" [", value, "]", depth);
    if (!value.pairs().empty()) {
      out_ += " {";
      write_pairs(value.pairs(), depth);
      out_ += "}";
    }
  }

  size_t max_length_;
  std::string out_;
};

}  // namespace

std::string Value::repr(size_t max_length) const { return Printer(max_length).print(*this); }

}  // namespace sconce
