#include "support/support.h"

#include <sconce/ops/create.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>

namespace sconce::test {
namespace fs = std::filesystem;

fs::path fixture(const std::string& name) { return fs::path(SCONCE_FIXTURES) / name; }

nlohmann::json json_fixture(const std::string& name) {
  return nlohmann::json::parse(read_file(fixture(name)));
}

namespace {

std::string decode_base64(const std::string& text) {
  std::array<int, 256> digit{};
  digit.fill(-1);
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int i = 0; i < 64; ++i) digit[static_cast<unsigned char>(alphabet[static_cast<size_t>(i)])] = i;
  std::string out;
  unsigned accumulator = 0;
  int bits = 0;
  for (unsigned char c : text) {
    if (digit[c] < 0) continue;
    accumulator = accumulator << 6 | static_cast<unsigned>(digit[c]);
    if ((bits += 6) >= 8) out += static_cast<char>(accumulator >> (bits -= 8) & 0xff);
  }
  return out;
}

// Every element as complex<double>, row-major.
std::vector<std::complex<double>> values_of(const Tensor& t) {
  const Tensor dense = t.contiguous();
  std::vector<std::complex<double>> out(static_cast<size_t>(dense.numel()));
  with_type("values_of", dense.dtype(), [&]<class T>() {
    const T* from = static_cast<const T*>(dense.data());
    for (size_t i = 0; i < out.size(); ++i) {
      if constexpr (std::is_same_v<T, Complex32>)
        out[i] = std::complex<double>(std::complex<float>(from[i]));
      else if constexpr (std::is_same_v<T, std::complex<float>> || std::is_same_v<T, std::complex<double>>)
        out[i] = from[i];
      else if constexpr (std::is_arithmetic_v<T>)
        out[i] = static_cast<double>(from[i]);
      else
        out[i] = static_cast<double>(static_cast<float>(from[i]));
    }
  });
  return out;
}

}  // namespace

Tensor tensor_from(const nlohmann::json& j) {
  const auto dtype = parse_dtype(j.at("dtype").get<std::string>());
  check(dtype.has_value(), "unknown dtype in fixture");
  Tensor out = empty(Shape(j.at("shape").get<std::vector<int64_t>>()), *dtype);
  std::string bytes = decode_base64(j.at("data").get<std::string>());
  check(static_cast<int64_t>(bytes.size()) == out.nbytes(), "fixture of ", bytes.size(), " bytes, expected ",
        out.nbytes());
  if (std::endian::native == std::endian::big)
    bytes = turned_round(bytes, *dtype);  // fixtures are little-endian
  if (!bytes.empty()) std::memcpy(out.mutable_data(), bytes.data(), bytes.size());
  return out;
}

std::string turned_round(std::string_view bytes, DType dtype) {
  std::string out(bytes);
  const size_t unit = size_of(dtype) / (is_complex(dtype) ? 2 : 1);
  for (size_t i = 0; i + unit <= out.size(); i += unit)
    std::reverse(out.begin() + static_cast<std::ptrdiff_t>(i),
                 out.begin() + static_cast<std::ptrdiff_t>(i + unit));
  return out;
}

std::string emulator() { return SCONCE_EMULATOR; }

double patience() { return emulator().empty() ? 1 : 50; }

std::optional<fs::path> real_checkpoints() {
  const char* set = std::getenv("SCONCE_CHECKPOINTS");
  fs::path folder = set ? set : SCONCE_DEFAULT_CHECKPOINTS;
  if (!fs::is_directory(folder)) return std::nullopt;
  return folder;
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  check(in.good(), "cannot open ", path.string());
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

void write_file(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

fs::path scratch_folder() {
  struct Folder {
    fs::path path;
    Folder() {
      std::string pattern = (fs::temp_directory_path() / "sconce-test-XXXXXX").string();
      check(mkdtemp(pattern.data()) != nullptr, "cannot make a scratch folder");
      path = pattern;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
      std::error_code ignored;
      fs::remove_all(path, ignored);
    }
  };
  static const Folder root;
  static int count = 0;
  const fs::path folder = root.path / std::to_string(count++);
  fs::create_directory(folder);
  return folder;
}

bool bit_equal(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  const Tensor x = a.contiguous(), y = b.contiguous();
  return x.nbytes() == 0 || std::memcmp(x.data(), y.data(), static_cast<size_t>(x.nbytes())) == 0;
}

double max_difference(const Tensor& a, const Tensor& b) {
  check(a.shape() == b.shape(), "shapes differ: ", a.shape(), " and ", b.shape());
  const auto x = values_of(a), y = values_of(b);
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    if (x[i] == y[i] || (std::isnan(x[i].real()) && std::isnan(y[i].real()))) continue;
    const double difference = std::abs(x[i] - y[i]);
    worst = std::isfinite(difference) ? std::max(worst, difference) : std::numeric_limits<double>::infinity();
  }
  return worst;
}

double max_magnitude(const Tensor& a) {
  double largest = 0;
  for (const auto& v : values_of(a)) largest = std::max(largest, std::abs(v));
  return largest;
}

}  // namespace sconce::test
