// NumPy's files, against what NumPy wrote.
#include <sconce/npy.h>

#include <doctest/doctest.h>
#include <sconce/ops/create.h>

#include "npy_header.h"
#include "support/support.h"

using namespace sconce;
using namespace sconce::test;
namespace fs = std::filesystem;

namespace {

std::string bytes_in(const nlohmann::json& j) {
  const Tensor t = tensor_from(j);
  return std::string(reinterpret_cast<const char*>(t.data<uint8_t>()), static_cast<size_t>(t.numel()));
}

std::string put(const std::string& bytes, const char* name = "a.npy") {
  const fs::path path = scratch_folder() / name;
  write_file(path, bytes);
  return path.string();
}

template <class F>
ErrorKind kind_of(F f) {
  try {
    f();
  } catch (const Error& e) {
    return e.kind();
  }
  FAIL("expected an error");
  return ErrorKind::device;
}

// A version 1 file with this dict and this much data.
std::string with_header(std::string dict, size_t data = 0) {
  dict += '\n';
  std::string out = "\x93NUMPY\x01";
  out += '\0';
  out += static_cast<char>(dict.size() & 0xff);
  out += static_cast<char>(dict.size() >> 8);
  return out + dict + std::string(data, '\x01');
}

}  // namespace

TEST_CASE("npy: every dtype, byte order, memory order and header version") {
  for (const nlohmann::json cases = json_fixture("data.json").at("npy"); const auto& c : cases) {
    const std::string name = c.at("name");
    CAPTURE(name);
    const Tensor got = load_npy(put(bytes_in(c.at("file"))));
    CHECK(bit_equal(got, tensor_from(c.at("expected"))));
    CHECK(got.is_contiguous() == !c.at("fortran").get<bool>());
  }
}

TEST_CASE("npy: what is not an array of numbers is refused by name") {
  for (const nlohmann::json cases = json_fixture("data.json").at("refused"); const auto& c : cases) {
    const std::string name = c.at("name");
    CAPTURE(name);
    const std::string path = put(bytes_in(c.at("file")));
    CHECK(to_string(kind_of([&] { load_npy(path); })) == c.at("kind").get<std::string>());
  }
  CHECK_THROWS_WITH(load_npy(put("\x93NUMPY\x04")), doctest::Contains("expected"));
  CHECK_THROWS_WITH(load_npy("/nowhere/a.npy"),
                    "[open] cannot read the file: No such file or directory (file \"/nowhere/a.npy\")");
}

TEST_CASE("npy: hostile headers") {
  const std::vector<std::pair<const char*, ErrorKind>> cases = {
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }", ErrorKind::corrupt},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", ErrorKind::corrupt},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4611686018427387904, 4611686018427387904), }",
       ErrorKind::corrupt},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000,), }", ErrorKind::corrupt},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", ErrorKind::corrupt},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': 3, }", ErrorKind::corrupt},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (3 3), }", ErrorKind::corrupt},
      {"{'descr': '<f4', 'fortran_order': 1, 'shape': (1,), }", ErrorKind::corrupt},
      {"{'descr': '<f4', 'fortran_order': False}", ErrorKind::corrupt},
      {"{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", ErrorKind::corrupt},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } + os.system('x')", ErrorKind::corrupt},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'extra': 1}", ErrorKind::corrupt},
      {"{'descr': '<f4", ErrorKind::corrupt},
      {"{", ErrorKind::corrupt},
      {"", ErrorKind::corrupt},
      {"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", ErrorKind::unsafe},
      {"{'descr': '<f16', 'fortran_order': False, 'shape': (1,), }", ErrorKind::unsupported},
      {"{'descr': '', 'fortran_order': False, 'shape': (1,), }", ErrorKind::unsupported},
      {"{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,), }", ErrorKind::unsupported},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (), }",
       ErrorKind::unsupported},  // 12 bytes more than needed
  };
  for (const auto& c : cases) {
    const char* dict = c.first;
    const ErrorKind kind = c.second;
    CAPTURE(dict);
    const std::string path = put(with_header(dict, 16));
    CHECK(to_string(kind_of([&] { load_npy(path); })) == std::string(to_string(kind)));
  }
  // Python 2's long integers, double quotes and any order of keys are fine.
  CHECK(load_npy(put(with_header(R"({"shape": (2L, 2), "fortran_order": True, "descr": "=i4"})", 16)))
            .shape() == Shape{2, 2});
}

TEST_CASE("npy: a file cut anywhere, or with any byte changed, is an error or a tensor") {
  const std::string whole = with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", 16);
  const fs::path path = scratch_folder() / "a.npy";
  for (size_t n = 0; n < whole.size(); ++n) {
    write_file(path, whole.substr(0, n));
    CHECK_THROWS_AS(load_npy(path.string()), Error);
  }
  for (size_t i = 0; i < whole.size(); ++i) {
    for (const int flip : {0x01, 0x10, 0x80, 0xff}) {
      std::string bent = whole;
      bent[i] = static_cast<char>(bent[i] ^ flip);
      write_file(path, bent);
      int64_t bytes = 0;
      try {
        bytes = load_npy(path.string()).nbytes();
      } catch (const Error&) {
      }
      CHECK(bytes <= 16);
    }
  }
}

TEST_CASE("npy: what save_npy writes reads back, and only whole files appear") {
  const fs::path folder = scratch_folder();
  const std::string path = (folder / "out.npy").string();
  for (const nlohmann::json cases = json_fixture("data.json").at("npy"); const auto& c : cases) {
    const Tensor expected = tensor_from(c.at("expected"));
    save_npy(path, expected);
    CHECK(bit_equal(load_npy(path), expected));
    CHECK((read_file(path).find('\n') + 1) % 64 == 0);
  }
  // The transposed view is written in its own order.
  const Tensor x = tensor(std::vector<float>{1, 2, 3, 4, 5, 6}, {2, 3});
  save_npy(path, x.t());
  CHECK(bit_equal(load_npy(path), x.t().contiguous()));
  // Byte for byte what NumPy writes.
  for (const nlohmann::json cases = json_fixture("data.json").at("npy"); const auto& c : cases) {
    if (c.at("name") != "version-1" && c.at("name") != "<f8" && c.at("name") != "scalar") continue;
    save_npy(path, tensor_from(c.at("expected")));
    CHECK(read_file(path) == bytes_in(c.at("file")));
  }
  CHECK(kind_of([&] { save_npy(path, empty({2}, DType::bf16)); }) == ErrorKind::unsupported);
  CHECK(kind_of([&] { save_npy(path, Tensor()); }) == ErrorKind::invalid_argument);
  CHECK(kind_of([&] { save_npy((folder / "none" / "a.npy").string(), x); }) == ErrorKind::io);
  CHECK(kind_of([&] { save_npy(folder.string(), x); }) == ErrorKind::io);
  CHECK(std::distance(fs::directory_iterator(folder), fs::directory_iterator()) == 1);
}

TEST_CASE("npz: stored and deflated, all arrays or one") {
  const auto cases = json_fixture("data.json").at("npz");
  for (const char* name : {"stored", "deflated"}) {
    CAPTURE(name);
    const std::string path = put(bytes_in(cases.at("files").at(name)), "a.npz");
    const StateDict all = load_npz(path);
    CHECK(all.size() == cases.at("expected").size());
    for (const auto& [key, value] : cases.at("expected").items()) {
      CHECK(bit_equal(all[key], tensor_from(value)));
      CHECK(bit_equal(load_npz(path, key), tensor_from(value)));
    }
    CHECK(all.begin()->key == "x");
    CHECK_THROWS_WITH(load_npz(path, "q"),
                      doctest::Contains("expected an array named 'q', got 'x', 'y', 'folder/z', 'scalar'"));
  }
  Budget small;
  small.materialized_bytes = 1000;
  const std::string deflated = put(bytes_in(cases.at("files").at("deflated")), "a.npz");
  CHECK(kind_of([&] { load_npz(deflated, small); }) == ErrorKind::out_of_budget);
  CHECK(load_npz(deflated, "y", small).numel() == 3);
  CHECK_THROWS_WITH(load_npz(put(bytes_in(cases.at("files").at("with a text")))),
                    doctest::Contains("only .npy members"));
  CHECK_THROWS_WITH(load_npz(put(bytes_in(cases.at("files").at("with a broken array")))),
                    doctest::Contains("record \"w.npy\""));
  CHECK(kind_of([&] { load_npz(put("not a zip")); }) == ErrorKind::corrupt);
}

TEST_CASE("npy: real arrays") {
  const auto folder = real_checkpoints();
  if (!folder) {
    MESSAGE("skipped: no real checkpoints");
    return;
  }
  const Tensor frames = load_npy((*folder / "torchcrepe" / "frames-crepe.npy").string());
  CHECK(frames.shape() == Shape{1001, 1024});
  CHECK(frames.dtype() == DType::f32);
  CHECK(load_npy((*folder / "torchcrepe" / "activation-tiny.npy").string()).shape() == Shape{1001, 360});
}
