// .npy: 6 bytes "\x93NUMPY", major and minor version, header length (2 bytes in version 1, 4 in 2 and 3),
// then a Python dict
// {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }, padded with spaces and ended by a newline;
// then the elements.
#include "npy_header.h"

#include <sconce/shape.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sconce {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr uint32_t longest_header = 1 << 20;

struct TypeCode {
  std::string_view code;
  DType dtype;
};
// NumPy's kind and size in bytes.
constexpr TypeCode type_codes[] = {
    {"f2", DType::f16},       {"f4", DType::f32},         {"f8", DType::f64}, {"i1", DType::i8},
    {"i2", DType::i16},       {"i4", DType::i32},         {"i8", DType::i64}, {"u1", DType::u8},
    {"u2", DType::u16},       {"u4", DType::u32},         {"u8", DType::u64}, {"b1", DType::boolean},
    {"c8", DType::complex64}, {"c16", DType::complex128},
};

// Just enough of Python's literals for the header.
class LiteralReader {
 public:
  LiteralReader(std::string_view text, uint64_t base) : text_(text), base_(base) {}

  [[noreturn]] void refuse(std::string_view expected) const {
    ByteReader::fail_at(base_ + at_, "[load_npy] expected ", expected, " in the header");
  }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  char peek() {
    skip_space();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool accept(std::string_view token) {
    skip_space();
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }
  void expect(std::string_view token) {
    if (!accept(token)) refuse(concat("'", token, "'"));
  }
  std::string_view string() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') refuse("a string");
    const size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) refuse("the end of a string");
    const std::string_view out = text_.substr(at_ + 1, end - at_ - 1);
    if (out.find('\\') != std::string_view::npos) refuse("a string without escapes");
    at_ = end + 1;
    return out;
  }
  bool boolean() {
    if (accept("True")) return true;
    if (accept("False")) return false;
    refuse("True or False");
  }
  int64_t extent() {
    if (peek() < '0' || peek() > '9') refuse("an extent");
    int64_t value = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_)
      if (!checked_multiply(value, 10, value) || !checked_add(value, text_[at_] - '0', value))
        refuse("an extent that fits 64 bits");
    accept("L");  // Python 2 wrote long integers so
    return value;
  }
  std::vector<int64_t> extents() {
    std::vector<int64_t> out;
    expect("(");
    while (!accept(")")) {
      if (out.size() == 64) refuse("at most 64 dimensions");
      out.push_back(extent());
      if (accept(",")) continue;
      expect(")");
      break;
    }
    return out;
  }

 private:
  std::string_view text_;
  uint64_t base_;
  size_t at_ = 0;
};

std::pair<DType, std::endian> parse_descr(std::string_view descr, uint64_t offset) {
  std::string_view code = descr;
  std::endian order = std::endian::native;
  if (!code.empty() && std::string_view("<>|=").find(code[0]) != std::string_view::npos) {
    if (code[0] == '<') order = std::endian::little;
    if (code[0] == '>') order = std::endian::big;
    code.remove_prefix(1);
  }
  for (const TypeCode& t : type_codes)
    if (t.code == code) return {t.dtype, order};
  const bool object = !code.empty() && code[0] == 'O';
  Error error(object ? ErrorKind::unsafe : ErrorKind::unsupported,
              object ? std::string("[load_npy] the array holds Python objects, which are stored as a pickle")
                     : concat("[load_npy] expected an array of numbers, got dtype '",
                              std::string(descr.substr(0, 40)), "'"));
  throw error.at_offset(offset);
}

}  // namespace

NpyHeader read_npy_header(ByteReader& in) {
  const uint64_t begin = in.position();
  if (in.remaining() < 8 || in.take_text(magic.size()) != magic)
    ByteReader::fail_at(begin, "[load_npy] expected a NumPy array, which begins with \\x93NUMPY");
  const int major = in.u8();
  in.u8();  // minor version
  if (major < 1 || major > 3) {
    Error error(ErrorKind::unsupported, concat("[load_npy] expected header version 1, 2 or 3, got ", major));
    throw error.at_offset(begin + 6);
  }
  const uint32_t length = major == 1 ? in.little<uint16_t>() : in.little<uint32_t>();
  const uint64_t text_at = in.position();
  if (length > longest_header)
    ByteReader::fail_at(text_at, "[load_npy] expected a header of at most 1 MiB, got ", length, " bytes");
  LiteralReader text(in.take_text(length), text_at);

  NpyHeader out;
  bool has_descr = false, has_order = false, has_shape = false;
  text.expect("{");
  while (!text.accept("}")) {
    const std::string_view key = text.string();
    text.expect(":");
    if (key == "descr" && !has_descr) {
      if (text.peek() == '[') {
        Error error(ErrorKind::unsupported, "[load_npy] expected an array of numbers, got one of records");
        throw error.at_offset(text_at);
      }
      std::tie(out.dtype, out.order) = parse_descr(text.string(), text_at);
      has_descr = true;
    } else if (key == "fortran_order" && !has_order) {
      out.fortran_order = text.boolean();
      has_order = true;
    } else if (key == "shape" && !has_shape) {
      out.shape = text.extents();
      has_shape = true;
    } else {
      text.refuse("the keys descr, fortran_order and shape, each once,");
    }
    if (text.accept(",")) continue;
    text.expect("}");
    break;
  }
  if (text.peek() != '\0') text.refuse("nothing after the dict");
  if (!has_descr || !has_order || !has_shape) text.refuse("the keys descr, fortran_order and shape");

  // Extents of 0 count as 1 here: the strides must fit too.
  int64_t count = static_cast<int64_t>(size_of(out.dtype));
  bool empty = false;
  for (int64_t n : out.shape) {
    empty = empty || n == 0;
    if (n != 0 && !checked_multiply(count, n, count))
      ByteReader::fail_at(text_at, "[load_npy] the shape does not fit 64 bits");
  }
  out.data_bytes = empty ? 0 : static_cast<uint64_t>(count);
  return out;
}

std::string npy_header_text(DType dtype, const std::vector<int64_t>& shape) {
  std::string_view code;
  for (const TypeCode& t : type_codes)
    if (t.dtype == dtype) code = t.code;
  if (code.empty())
    fail(ErrorKind::unsupported, "[save_npy] NumPy has no dtype ", name_of(dtype),
         "; convert the tensor first, for example to float32");
  std::string text =
      concat("{'descr': '", size_of(dtype) == 1 ? '|' : '<', code, "', 'fortran_order': False, 'shape': (");
  for (size_t d = 0; d < shape.size(); ++d) text += (d ? ", " : "") + std::to_string(shape[d]);
  text += shape.size() == 1 ? ",), }" : "), }";
  text.append(63 - (magic.size() + 4 + text.size()) % 64, ' ');
  text += '\n';
  check(text.size() < 65536, "[save_npy] too many dimensions");
  std::string out(magic);
  out += '\x01';
  out += '\0';
  out += static_cast<char>(text.size() & 0xff);
  out += static_cast<char>(text.size() >> 8);
  return out + text;
}

}  // namespace sconce
