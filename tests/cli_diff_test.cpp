// sconce diff: what differs, how much, and in which order.
#include <doctest/doctest.h>
#include <sconce/ops.h>
#include <sconce/safetensors.h>
#include <sconce/save.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include "compare.h"
#include "support/program.h"
#include "support/support.h"

using namespace sconce;
using namespace sconce::test;

namespace {

Tensor numbers(const std::vector<float>& values) {
  Tensor t(Storage::allocate(values.size() * 4), DType::f32, Shape{static_cast<int64_t>(values.size())});
  for (size_t i = 0; i < values.size(); ++i) t.mutable_data<float>()[i] = values[i];
  return t;
}
Tensor integers(const std::vector<int64_t>& values) {
  Tensor t(Storage::allocate(values.size() * 8), DType::i64, Shape{static_cast<int64_t>(values.size())});
  for (size_t i = 0; i < values.size(); ++i) t.mutable_data<int64_t>()[i] = values[i];
  return t;
}

std::string saved(const StateDict& state, const std::string& name) {
  const auto path = (scratch_folder() / name).string();
  save(state, path);
  return path;
}

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN(),
                infinity = std::numeric_limits<float>::infinity();

}  // namespace

TEST_CASE("differences of two tensors") {
  using cli::difference_of;
  const Tensor a = numbers({1, 2, -4, 0});
  CHECK(difference_of(a, numbers({1, 2, -4, -0.0f}), {}).differing == 0);
  const cli::Difference d = difference_of(a, numbers({1, 2.5f, -3, 0}), {});
  CHECK(d.elements == 4);
  CHECK(d.differing == 2);
  CHECK(d.max_absolute == 1);
  CHECK(d.max_relative == 0.25);
  CHECK(difference_of(a, numbers({1, 2.5f, -3, 0}), {0.5, 0}).differing == 1);
  CHECK(difference_of(a, numbers({1, 2.5f, -3, 0}), {0.5, 0.2}).differing == 0);  // 0.5 + 0.2 * 3 covers 1

  // NaN equals NaN, and nothing else; infinities equal themselves.
  CHECK(difference_of(numbers({not_a_number, infinity}), numbers({not_a_number, infinity}), {}).differing ==
        0);
  const cli::Difference odd =
      difference_of(numbers({not_a_number, infinity, 1}), numbers({1, -infinity, not_a_number}), {100, 0});
  CHECK(odd.nan_on_one_side == 2);
  CHECK(odd.differing == 3);
  CHECK(odd.max_absolute == std::numeric_limits<double>::infinity());
  CHECK(odd.max_relative == 1);

  // Neighbours that doubles do not tell apart.
  const int64_t big = int64_t{1} << 60;
  const cli::Difference whole = difference_of(integers({big, INT64_MAX}), integers({big + 1, INT64_MIN}), {});
  CHECK(whole.differing == 2);
  CHECK(whole.max_absolute == std::ldexp(1.0, 64));

  // Across dtypes and layouts, and in several pieces.
  CHECK(difference_of(a, a.to(DType::f16), {}).differing == 0);
  Tensor long_row = numbers(std::vector<float>(600000, 1.5f));
  Tensor other = long_row.clone();
  other.mutable_data<float>()[599999] = 1.75f;
  const cli::Difference last = difference_of(long_row, other, {});
  CHECK(last.differing == 1);
  CHECK(last.max_absolute == 0.25);
  const Tensor square = a.reshape({2, 2});
  CHECK(difference_of(square, square.t(), {}).differing == 2);
  const Tensor q(a.storage(), DType::qint8, Shape{16}),
      r(numbers({1, 2, -4, 1}).storage(), DType::qint8, Shape{16});
  CHECK(difference_of(q, q, {}).differing == 0);
  CHECK(difference_of(q, r, {}).differing > 0);
}

TEST_CASE("cli: diff") {
  const StateDict a{{"same", numbers({1, 2, 3})}, {"little", numbers({1, 2})}, {"much", numbers({1, 2})},
                    {"shape", numbers({1, 2})},   {"dtype", numbers({1, 2})},  {"gone", numbers({1})},
                    {"number", Value(3)}};
  const StateDict b{{"same", numbers({1, 2, 3})}, {"little", numbers({1, 2.125f})},
                    {"much", numbers({1, 7})},    {"shape", numbers({1, 2, 3})},
                    {"dtype", integers({1, 2})},  {"number", Value(4)},
                    {"new", numbers({1})}};
  const std::string file_a = saved(a, "a.pth"), file_b = saved(b, "b.pth");
  const std::string files = quoted(file_a) + " " + quoted(file_b);
  const ProgramResult result = sconce_program("diff " + files);
  CHECK(result.code == 1);
  CHECK(result.err.empty());
  size_t at = 0;
  for (const char* part : {"only in A\n", "gone ", "only in B\n", "new ", "different shapes\n", "shape ",
                           "float32 [2] and float32 [3]", "different dtypes\n", "dtype ",
                           "float32 [2] and int64 [2]  values equal", "different values\n", "much ",
                           "max 5, relative 0.714  1 of 2 elements", "little ", "max 0.125", "number ",
                           "3 and 4", "different: 7 of 8 differ\n"}) {
    CAPTURE(part);
    const size_t found = result.out.find(part, at);
    CHECK(found != std::string::npos);
    if (found != std::string::npos) at = found;
  }
  CHECK(!has(result.out, "same"));
  CHECK(has(sconce_program("diff --all " + files).out, "same"));

  const nlohmann::json document = sconce_program("diff --json --tolerance 1 --ignore-dtype " + files).json();
  CHECK(document["equal"] == false);
  CHECK(document["counts"]["entries"] == 8);
  CHECK(document["counts"]["equal"] == 3);
  for (const auto& entry : document["entries"]) {
    if (entry["key"] == "little") CHECK(entry["status"] == "equal");
    if (entry["key"] == "much") CHECK(entry["max_absolute"] == 5.0);
  }
  CHECK(sconce_program("diff " + quoted(file_a) + " " + quoted(file_a)).code == 0);
  CHECK(sconce_program("diff " + quoted(file_a) + " /no/such/file").code == 3);
  CHECK(sconce_program("diff --tolerance -1 " + files).code == 2);
}

TEST_CASE("cli: diff across formats, keys and prefixes") {
  const StateDict state{{"w", numbers({1, 2})}, {"b", numbers({3})}};
  const std::string plain = saved(state, "plain.pth"),
                    prefixed = saved(add_prefix(state, "module."), "p.pth");
  const auto folder = scratch_folder();
  const std::string safe = (folder / "x.safetensors").string();
  save_safetensors(state, safe);
  CHECK(sconce_program("diff " + quoted(plain) + " " + quoted(safe)).code == 0);
  CHECK(sconce_program("diff " + quoted(plain) + " " + quoted(prefixed)).code == 1);
  const ProgramResult stripped =
      sconce_program("diff --prefix-strip module. " + quoted(plain) + " " + quoted(prefixed));
  CHECK(stripped.code == 0);
  CHECK(stripped.out.find("equal: 2 entries\n") != std::string::npos);

  const std::string two = quoted(fixture("cli/two.pth").string());
  CHECK(sconce_program("diff --key-a generator --key-b generator " + two + " " + two).code == 0);
  // Without a key, and several candidates: every tensor by its path.
  CHECK(sconce_program("diff " + two + " " + two).code == 0);
  CHECK(sconce_program("diff --key-a nothing " + two + " " + two).code == 1);
}

TEST_CASE("cli: long work shows its progress on a terminal, and only there") {
  const std::string path = fixture("cli/mlp.pth").string();
  CHECK(sconce_program("diff " + quoted(path) + " " + quoted(path)).err.empty());  // into a pipe or a file
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
  REQUIRE(terminal >= 0);
  REQUIRE(::grantpt(terminal) == 0);
  REQUIRE(::unlockpt(terminal) == 0);
  const std::string name = ::ptsname(terminal);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const int side = ::open(name.c_str(), O_RDWR | O_NOCTTY), null = ::open("/dev/null", O_WRONLY);
    ::dup2(null, 1), ::dup2(side, 2);
    become_program({"diff", path, path});
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  ::fcntl(terminal, F_SETFL, O_NONBLOCK);
  std::string shown;
  char piece[4096];
  for (ssize_t got; (got = ::read(terminal, piece, sizeof piece)) > 0;)
    shown.append(piece, static_cast<size_t>(got));
  ::close(terminal);
  for (const char* part : {"\r██", "268 B/268 B", " left", "\r\x1b[K"}) {
    CAPTURE(part);
    CHECK(has(shown, part));
  }
  CHECK(shown.ends_with("\r\x1b[K"));  // and takes it away again
}
