// What a file is, by content, and the sentence that says so.
#include "sniff.h"

#include <doctest/doctest.h>

#include "mapped_file.h"
#include "support/support.h"

using namespace sconce;
using namespace std::string_literals;

TEST_CASE("sniff: each kind of file is named") {
  std::string tar(1024, '\0');
  tar.replace(257, 5, "ustar");
  const std::string header = R"({"__metadata__":{}})";
  const std::string safetensors =
      std::string(1, static_cast<char>(header.size())) + std::string(7, '\0') + header;
  const std::vector<std::pair<std::string, FileType>> cases = {
      {"", FileType::empty},
      {"PK\x03\x04rest", FileType::zip},
      {"PK\x05\x06"s + std::string(18, '\0'), FileType::zip},
      {"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", FileType::legacy_stream},
      {"\x80\x04\x95\x0d\0\0\0\0\0\0\0\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."s,
       FileType::legacy_stream},
      {"L119547037146038801333356L\n.", FileType::legacy_stream},
      {tar, FileType::tar},
      {"\x80\x02}q\x00."s, FileType::pickle},
      {"\x80\x05\x95"s, FileType::pickle},
      {"(dp0\nS'a'\np1\nI1\ns.", FileType::pickle},
      {"cos\nsystem\n(S'ls'\ntR.", FileType::pickle},
      {"]q\x00."s, FileType::pickle},
      {safetensors, FileType::safetensors},
      {"\x93NUMPY\x01\x00v\x00"s, FileType::npy},
      {"\x89HDF\r\n\x1a\n", FileType::hdf5},
      {"\x08\x07\x12\x07pytorch\x1a\x05", FileType::onnx},
      {"GGUF\x03\0\0\0"s, FileType::gguf},
      {"\x1c\0\0\0TFL3"s, FileType::tflite},
      {"\x1f\x8b\x08\x00", FileType::gzip},
      {"BZh91AY&SY", FileType::bzip2},
      {"\xfd"
       "7zXZ\0"s,
       FileType::xz},
      {"\x28\xb5\x2f\xfd", FileType::zstd},
      {"7z\xbc\xaf\x27\x1c\0\x04"s, FileType::seven_zip},
      {"Rar!\x1a\x07\x01", FileType::rar},
      {"<!DOCTYPE HTML><html>", FileType::html},
      {"\xef\xbb\xbf\n  <HTML lang=en>", FileType::html},
      {"<?xml version='1.0'?><!doctype html>", FileType::html},
      {"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code>", FileType::xml},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", FileType::lfs_pointer},
      {"{\"error\": \"gated\"}", FileType::json},
      {"  [1, 2]\n", FileType::json},
      {"\x7f"
       "ELF\x02\x01",
       FileType::elf},
      {"MZ\x90\0\x03"s, FileType::windows_program},
      {"\x89PNG\r\n\x1a\n", FileType::png},
      {"\xff\xd8\xff\xe0", FileType::jpeg},
      {"%PDF-1.7", FileType::pdf},
      {"404: Not Found", FileType::text},
      {"Moved Permanently.", FileType::text},
      {"abc", FileType::text},
      {std::string(64, '\0'), FileType::unknown},
      {"\xfe\xfe\xfe", FileType::unknown},
  };
  for (const auto& c : cases) {
    const std::string& bytes = c.first;
    const FileType type = c.second;
    CAPTURE(bytes);
    CHECK(std::string(describe(sniff(bytes_of(bytes)))) == describe(type));
    // No prefix of it may be read past its end.
    for (size_t n = 0; n <= bytes.size(); ++n) explain_not_a_checkpoint(bytes_of(std::string(bytes, 0, n)));
  }
}

TEST_CASE("sniff: the sentence says what to do") {
  const auto explain = [](std::string_view text) { return explain_not_a_checkpoint(bytes_of(text)); };
  CHECK(explain("<html>") ==
        "this is an HTML page, not a PyTorch checkpoint: the download went wrong and the server's page was "
        "saved instead");
  CHECK(explain("version https://git-lfs.github.com/spec/v1\n") ==
        "this is a git-lfs pointer, not a PyTorch checkpoint: it stands for the real file, which `git lfs "
        "pull` fetches");
  CHECK(explain("\x1f\x8b\x08") == "this is a gzip file, not a PyTorch checkpoint: unpack it first (gunzip)");
  CHECK(explain("") == "the file is empty: it was never written, or the download went wrong");
  CHECK(explain("404: Not Found\n") ==
        "this is a text file, not a PyTorch checkpoint: it begins '404: Not Found'");
}

TEST_CASE("sniff: real files") {
  const auto folder = sconce::test::real_checkpoints();
  if (!folder) {
    MESSAGE("skipped: no real checkpoints");
    return;
  }
  const std::vector<std::pair<const char*, FileType>> cases = {
      {"cifar10/resnet20-12fca82f.th", FileType::legacy_stream},
      {"facenet/onet.pt", FileType::legacy_stream},
      {"mnist/t10k-images-idx3-ubyte.gz", FileType::gzip},
      {"silero/silero_vad_16k.safetensors", FileType::safetensors},
      {"silero/silero_vad.jit", FileType::zip},
      {"torchcrepe/activation-tiny.npy", FileType::npy},
      {"picklescan/malicious1.7z", FileType::seven_zip},
      {"picklescan/benign0_v0.pkl", FileType::pickle},
      {"picklescan/malicious1_v0.pkl", FileType::pickle},
      {"picklescan/malicious1_v4.pkl", FileType::pickle},
      {"gopickle/tensor_int8_proto1.pt", FileType::legacy_stream},
      {"gopickle/tensor_int8_proto4.pt", FileType::legacy_stream},
      {"gopickle/tensor_int8_proto5_zip.pt", FileType::zip},
  };
  for (const auto& c : cases) {
    const char* name = c.first;
    const FileType type = c.second;
    CAPTURE(name);
    CHECK(std::string(describe(sniff(MappedFile::open((*folder / name).string())->bytes()))) ==
          describe(type));
  }
}
