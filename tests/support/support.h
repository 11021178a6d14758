// What the tests share: fixtures, real checkpoints, and comparing tensors.
#pragma once
#include <sconce/tensor.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace sconce::test {

// tests/fixtures/<name>.
std::filesystem::path fixture(const std::string& name);
// A fixture file of cases, parsed: see tests/fixtures/fixture_io.py for the writer.
nlohmann::json json_fixture(const std::string& name);
// A tensor written by fixture_io.tensor(): {"dtype": "float32", "shape": [2, 3], "data": "<base64 of the row-major bytes>"}.
Tensor tensor_from(const nlohmann::json& j);

// The folder of real checkpoints: $SCONCE_CHECKPOINTS, else ../shared/checkpoints beside the project; nullopt where absent
// (then the test prints "skipped: ..." through doctest's MESSAGE and returns).
std::optional<std::filesystem::path> real_checkpoints();

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, std::string_view bytes);
// A fresh folder that is removed when the test program ends.
std::filesystem::path scratch_folder();

// Same dtype, shape and bytes (so NaN equals the same NaN, and 0.0 differs from -0.0).
bool bit_equal(const Tensor& a, const Tensor& b);
// The same bytes with each number of the dtype turned round, halves of complex numbers by themselves: little-endian from big, and back.
std::string turned_round(std::string_view bytes, DType dtype);

// What starts the tests' own programs: empty, or the emulator ("qemu-s390x-static") where they were built for another machine.
std::string emulator();
// Limits of time mean machines of our own speed; an emulated one may take this many times as long.
double patience();

// max |a - b| over all elements as double (complex: modulus); infinity when one has a NaN or Inf that the other has not.
// Shapes must be equal.
double max_difference(const Tensor& a, const Tensor& b);
double max_magnitude(const Tensor& a);

}  // namespace sconce::test
