// Values as Python would print them, within bounds.
#include <sconce/quantized.h>
#include <sconce/sparse.h>
#include <sconce/value.h>

#include "python_text.h"

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

// The character of two or three bytes at text[at] when Python would not print it as it stands: controls, spaces of other
// kinds, marks that turn the writing direction, lone surrogates. 0 for every other.
uint32_t unprintable(const std::string& text, size_t at) {
  const auto byte = [&](size_t i) {
    return at + i < text.size() ? static_cast<uint32_t>(static_cast<unsigned char>(text[at + i])) : 0u;
  };
  if (byte(0) == 0xc2) {
    const uint32_t c = byte(1);
    return (c >= 0x80 && c <= 0xa0) || c == 0xad ? c : 0;
  }
  if ((byte(0) & 0xf0) != 0xe0 || (byte(1) & 0xc0) != 0x80 || (byte(2) & 0xc0) != 0x80) return 0;
  const uint32_t c = (byte(0) & 15) << 12 | (byte(1) & 63) << 6 | (byte(2) & 63);
  const bool hidden = (c >= 0x2000 && c <= 0x200f) || (c >= 0x2028 && c <= 0x202f) ||
                      (c >= 0x205f && c <= 0x206f) || (c >= 0xd800 && c <= 0xf8ff) ||
                      (c >= 0xfff9 && c <= 0xfffb) || c == 0x1680 || c == 0x3000 || c == 0xfeff ||
                      c == 0xfffe || c == 0xffff;
  return hidden ? c : 0;
}

// Bytes above 0x7f are letters of a text, and numbers among bytes.
std::string quoted(const std::string& text, size_t max_length, bool is_bytes = false) {
  static const char* hex = "0123456789abcdef";
  const char quote = text.find('\'') != std::string::npos && text.find('"') == std::string::npos ? '"' : '\'';
  std::string out(1, quote);
  for (size_t i = 0; i < text.size(); ++i) {
    if (out.size() > max_length) return out + "...";
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (const uint32_t hidden = is_bytes || byte < 0xc2 ? 0 : unprintable(text, i)) {
      out += hidden < 0x100 ? "\\x" : "\\u";
      for (int shift = hidden < 0x100 ? 4 : 12; shift >= 0; shift -= 4) out += hex[hidden >> shift & 15];
      i += hidden < 0x100 ? 1 : 2;
    } else if (c == quote || c == '\\')
      (out += '\\') += c;
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (c == '\r')
      out += "\\r";
    else if (byte < 0x20 || byte == 0x7f || (is_bytes && byte > 0x7f))
      ((out += "\\x") += hex[byte >> 4]) += hex[byte & 15];
    else
      out += c;
  }
  return out + quote;
}

class ReprPrinter {
 public:
  explicit ReprPrinter(size_t max_length) : max_length_(max_length) {}

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
      case Kind::bytes: write_bytes(value); break;
      case Kind::list: enclose("[", value, "]", depth); break;
      case Kind::tuple: enclose("(", value, value.items().size() == 1 ? ",)" : ")", depth); break;
      case Kind::set: write_set(value, depth); break;
      case Kind::size: enclose("torch.Size([", value, "])", depth); break;
      case Kind::dict: write_dict(value, depth); break;
      case Kind::tensor: write_tensor(value.as_tensor()); break;
      case Kind::dtype: (out_ += "torch.") += name_of(value.as_dtype()); break;
      case Kind::device: out_ += "device('" + value.as_device().str() + "')"; break;
      case Kind::global: write_global(value.as_string()); break;
      case Kind::object: write_object(value, depth); break;
      case Kind::quantized: write_quantized(value.as_quantized()); break;
      case Kind::sparse: write_sparse(value.as_sparse()); break;
    }
  }

  void enclose(const char* open, const Value& value, const char* close, int depth) {
    out_ += open;
    write_items(value.items(), depth);
    out_ += close;
  }

  void write_global(const std::string& name) {
    constexpr std::string_view builtins = "builtins.";
    out_ += "<class '" + (name.starts_with(builtins) ? name.substr(builtins.size()) : name) + "'>";
  }

  void write_bytes(const Value& value) {
    const std::string type = value.type_name(), text = "b" + quoted(value.as_string(), max_length_, true);
    out_ += type == "bytes" ? text : type + "(" + text + ")";
  }

  void write_set(const Value& value, int depth) {
    const std::string type = value.type_name();
    if (value.items().empty())
      out_ += type + "()";
    else if (type == "set")
      enclose("{", value, "}", depth);
    else
      out_ += type, enclose("({", value, "})", depth);
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
    if (type == "collections.defaultdict") {
      const Value* factory = value.attributes().find("default_factory");
      write(factory ? *factory : Value(), depth + 1);
      out_ += ", ";
    }
    out_ += "{";
    write_pairs(value.pairs(), depth);
    out_ += plain ? "}" : "})";
  }

  void write_tensor(const Tensor& t) {
    out_ += concat("tensor(shape=", t.shape(), ", dtype=", name_of(t.dtype()), ")");
  }

  void write_quantized(const QuantizedTensor& q) {
    out_ += concat("tensor(shape=", q.shape, ", dtype=", name_of(q.dtype()), ", ", name_of(q.scheme));
    if (is_per_channel(q.scheme)) out_ += concat(", axis=", q.axis);
    out_ += ")";
  }

  void write_sparse(const SparseTensor& s) {
    out_ += concat("tensor(shape=", s.shape, ", dtype=", name_of(s.dtype()), ", ", name_of(s.layout),
                   ", nnz=", s.nnz(), ")");
  }

  void write_call(const PythonCall& call, int depth) {
    out_ += call.name + "(";
    write_items(call.positional, depth);
    for (size_t i = 0; i < call.keywords.size() && !full(); ++i) {
      if (i || !call.positional.empty()) out_ += ", ";
      out_ += call.keywords[i].first.as_string() + "=";
      write(call.keywords[i].second, depth + 1);
    }
    out_ += ")";
  }

  void write_object(const Value& value, int depth) {
    if (const auto text = python_text(value)) return void(out_ += *text);
    if (const auto call = python_call(value)) return write_call(*call, depth);
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

std::string Value::repr(size_t max_length) const { return ReprPrinter(max_length).print(*this); }

}  // namespace sconce
