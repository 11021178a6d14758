// Files mapped into memory, and files written whole.
#include "mapped_file.h"

#include <doctest/doctest.h>
#include <sconce/tensor.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output_file.h"
#include "support/support.h"

using namespace sconce;
using namespace sconce::test;
namespace fs = std::filesystem;

TEST_CASE("mapped file: bytes, writes that stay private, and a keeper for tensors") {
  const std::string path = (scratch_folder() / "a").string();
  const std::string content("\0\0\x80\x3f\0\0\0\x40", 8);
  write_file(path, content);
  Tensor borrowed;
  {
    const auto file = MappedFile::open(path);
    CHECK(file->path() == path);
    CHECK(text_of(file->bytes()) == content);
    borrowed = Tensor(Storage::borrow(file->data(), file->size(), file), DType::u8, Shape{8});
  }
  CHECK(borrowed.data<uint8_t>()[2] == 0x80);
  borrowed.mutable_data<uint8_t>()[2] = 7;
  CHECK(borrowed.data<uint8_t>()[2] == 7);
  CHECK(read_file(path) == content);
  CHECK(text_of(MappedFile::open(path)->bytes()) == content);
  fs::remove(path);
  CHECK(borrowed.data<uint8_t>()[7] == 0x40);
}

TEST_CASE("mapped file: empty files and bytes in memory") {
  const std::string path = (scratch_folder() / "empty").string();
  write_file(path, "");
  CHECK(MappedFile::open(path)->bytes().empty());
  const auto memory = MappedFile::from_bytes("abc", "a name");
  CHECK(memory->path() == "a name");
  CHECK(text_of(memory->bytes()) == "abc");
  memory->data()[0] = std::byte{'x'};
  CHECK(text_of(memory->bytes()) == "xbc");
  CHECK(MappedFile::from_bytes("", "")->bytes().empty());
}

TEST_CASE("mapped file: what cannot be read says why, in the system's words") {
  const fs::path folder = scratch_folder();
  const auto reason = [](const fs::path& path) -> std::string {
    try {
      MappedFile::open(path.string());
    } catch (const Error& e) {
      CHECK(e.kind() == ErrorKind::io);
      CHECK(e.context().file == path.string());
      return e.message();
    }
    return "no error";
  };
  CHECK(reason(folder / "none") == "[open] cannot read the file: No such file or directory");
  CHECK(reason(folder) == "[open] cannot read the file: Is a directory");
  CHECK(reason("") == "[open] cannot read the file: No such file or directory");
  CHECK(reason("/dev/null") == "[open] cannot read the file: Not a regular file");
  CHECK_THROWS_WITH(MappedFile::open(std::string("/dev/null\0x", 11)),
                    doctest::Contains("the path contains a zero byte"));
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(reason(folder / "pipe") == "[open] cannot read the file: Not a regular file");
  write_file(folder / "secret", "x");
  fs::permissions(folder / "secret", fs::perms::none);
  if (geteuid() != 0) CHECK(reason(folder / "secret") == "[open] cannot read the file: Permission denied");
  CHECK(reason(folder / "secret" / "below") == "[open] cannot read the file: Not a directory");
}

TEST_CASE("output file: there whole or not at all") {
  const fs::path folder = scratch_folder();
  const std::string path = (folder / "out").string();
  write_file(path, "old");
  {
    OutputFile file(path);
    file.write(bytes_of("ne"));
    CHECK(read_file(path) == "old");
  }
  CHECK(read_file(path) == "old");
  {
    OutputFile file(path);
    file.write(bytes_of("ne"));
    file.write(bytes_of(""));
    file.write(bytes_of("w"));
    file.commit();
  }
  CHECK(read_file(path) == "new");
  CHECK(std::distance(fs::directory_iterator(folder), fs::directory_iterator()) == 1);
  CHECK_THROWS_WITH(OutputFile((folder / "none" / "x").string()),
                    doctest::Contains("[save] cannot write the file: No such file or directory"));
  CHECK_THROWS_WITH(OutputFile(folder.string()), doctest::Contains("Is a directory"));
}

TEST_CASE("byte reader: numbers of both orders, positions and ends") {
  const std::string text("\x01\x02\x03\x04\x05\x06\x07\x08line\nrest", 17);
  ByteReader in(bytes_of(text), 100);
  CHECK(in.u8() == 1);
  CHECK(in.little<uint16_t>() == 0x0302);
  CHECK(in.big<uint16_t>() == 0x0405);
  CHECK(in.position() == 105);
  in.seek(100);
  CHECK(in.little<uint64_t>() == 0x0807060504030201);
  CHECK(in.peek() == 'l');
  CHECK(in.line() == "line");
  CHECK(in.remaining() == 4);
  CHECK_THROWS_WITH(in.line(), "expected a line, the data ends after 4 bytes without a newline (offset 113)");
  CHECK_THROWS_WITH(in.take(5), "expected 5 more bytes, the data ends after 4 (offset 113)");
  CHECK_THROWS_AS(in.take(~uint64_t{0}), Error);
  CHECK_THROWS_AS(in.seek(99), Error);
  CHECK_THROWS_AS(in.seek(118), Error);
  in.seek(117);
  CHECK(in.at_end());
  CHECK(in.peek() == -1);
  CHECK(load_big<double>(bytes_of(std::string_view("\x3f\xf8\0\0\0\0\0\0", 8)).data()) == 1.5);
  CHECK(load_little<int32_t>(bytes_of(std::string_view("\xfe\xff\xff\xff", 4)).data()) == -2);
}
