// Checkpoints in the tar layout of torch <= 0.1.9, against what torch.load(weights_only=False) gives, and bent ones.
#include "tar.h"
#include "support/pickle_writer.h"
#include "support/value_json.h"

#include <sconce/checkpoint.h>

#include <doctest/doctest.h>

#include <cstdio>
#include <functional>
#include <optional>

using namespace sconce;
using namespace sconce::test;
using namespace sconce::test::pickled;
using namespace std::string_literals;

namespace {

// A header of 512 bytes with the right checksum.
std::string tar_header(const std::string& name, uint64_t size, char type = '0') {
  std::string h(512, '\0');
  h.replace(0, name.size(), name);
  h.replace(100, 8, "0000644\0"s);
  char text[16];
  std::snprintf(text, sizeof text, "%011llo", static_cast<unsigned long long>(size));
  h.replace(124, 12, std::string(text, 12));
  h[156] = type;
  h.replace(257, 8,
            "ustar\0"
            "00"s);
  return h;
}
std::string with_checksum(std::string h) {
  h.replace(148, 8, 8, ' ');
  unsigned sum = 0;
  for (const char c : h) sum += static_cast<unsigned char>(c);
  char text[8];
  std::snprintf(text, sizeof text, "%06o", sum);
  h.replace(148, 7, std::string(text, 7));
  return h;
}
std::string padded(std::string content) {
  content.resize((content.size() + 511) / 512 * 512);
  return content;
}
std::string tar_member(const std::string& name, const std::string& content, char type = '0') {
  return with_checksum(tar_header(name, content.size(), type)) + padded(content);
}
const std::string tar_end(1024, '\0');

// Pieces of a checkpoint; each may be replaced.
struct Pieces {
  std::string system = program(dict({{"protocol_version", integer(1000)}}));
  std::string pickle = program(dict({{"w", text("21") + "Q"}}));
  std::string tensors, storages;
  Pieces() {
    storages = program(integer(1)) +
               program(tuple({integer(1), text("cpu"), global("torch", "FloatStorage")})) + little(2, 8) +
               floats({1, 2}) + program("]");
    tensors = tensor_of(1, 2, 1, 0);
  }
  static std::string tensor_of(int storage_key, int64_t size, int64_t stride, int64_t offset) {
    return program(integer(1)) +
           program(tuple({integer(21), integer(storage_key), global("torch", "FloatTensor")})) +
           little(1, 8) + little(static_cast<uint64_t>(size), 8) + little(static_cast<uint64_t>(stride), 8) +
           little(static_cast<uint64_t>(offset), 8);
  }
  std::string file() const {
    return tar_member("sys_info", system) + tar_member("pickle", pickle) + tar_member("tensors", tensors) +
           tar_member("storages", storages) + tar_end;
  }
};

std::optional<Error> error_of(const std::string& bytes, const LoadOptions& options = {}) {
  try {
    const Checkpoint opened = Checkpoint::from_bytes(bytes, "hostile.tar", options);
    for (const auto& [key, value] : opened.root().pairs())
      if (value.kind() == Value::Kind::tensor) value.as_tensor().data();
  } catch (const Error& e) {
    CHECK(e.context().file == "hostile.tar");
    return e;
  }
  return std::nullopt;
}

LoadOptions compat() {
  LoadOptions options;
  options.profile = Profile::compat;
  return options;
}

}  // namespace

TEST_CASE("tar checkpoints hold what torch.load gives") {
  const nlohmann::json json = json_fixture("tar.json");
  for (const auto& expected : json) {
    const std::string file = expected["file"];
    CAPTURE(file);
    for (const bool mapped : {true, false}) {
      const Checkpoint opened = mapped ? Checkpoint::open(fixture(file).string())
                                       : Checkpoint::from_bytes(read_file(fixture(file)), "x");
      CHECK(opened.container() == "tar");
      CHECK(opened.warnings().empty());
      CHECK(difference(opened.root(), expected["value"]) == "");
      CHECK(!opened.locations().empty());
    }
  }
  const StateDict views = load(fixture("tar/views.pth").string());
  CHECK(views["base"].storage() == views["part"].storage());
  CHECK(tied_keys(views).size() == 1);
  CHECK(load(fixture("tar/parameters.pth").string()).size() == 2);  // "state_dict" is found
}

TEST_CASE("classes in the pickle are names, and nothing else") {
  Pieces pieces;
  pieces.pickle =
      program(dict({{"w", text("21") + "Q"}, {"c", tuple({global("os", "system"), "N", "N"}) + "Q"}}));
  const Checkpoint opened = Checkpoint::from_bytes(pieces.file(), "x");
  CHECK(opened["c"].kind() == Value::Kind::global);
  CHECK(opened["c"].as_string() == "os.system");
  CHECK(opened["w"].as_tensor().data<float>()[1] == 2);
  LoadOptions nowhere;
  nowhere.map_location = meta;
  CHECK(Checkpoint::from_bytes(pieces.file(), "x", nowhere)["w"].as_tensor().device() == meta);
}

TEST_CASE("tar checkpoints that lie") {
  REQUIRE(!error_of(Pieces().file()));
  const auto bent = [](const std::function<void(Pieces&)>& bend, const LoadOptions& options = {}) {
    Pieces pieces;
    bend(pieces);
    return error_of(pieces.file(), options);
  };
  const auto storage = [](const std::string& head, const std::string& rest) {
    return program(integer(1)) + program(head) + rest;
  };
  const std::string head = tuple({integer(1), text("cpu"), global("torch", "FloatStorage")});
  struct Case {
    const char* name;
    std::function<void(Pieces&)> bend;
  };
  const Case cases[] = {
      {"tensor past its storage", [](Pieces& p) { p.tensors = Pieces::tensor_of(1, 3, 1, 0); }},
      {"offset past its storage", [](Pieces& p) { p.tensors = Pieces::tensor_of(1, 2, 1, 1); }},
      {"negative size", [](Pieces& p) { p.tensors = Pieces::tensor_of(1, -2, 1, 0); }},
      {"negative stride", [](Pieces& p) { p.tensors = Pieces::tensor_of(1, 2, -1, 1); }},
      {"huge stride", [](Pieces& p) { p.tensors = Pieces::tensor_of(1, 3, INT64_MAX, 0); }},
      {"unknown storage", [](Pieces& p) { p.tensors = Pieces::tensor_of(7, 2, 1, 0); }},
      {"a tensor as storage", [](Pieces& p) { p.tensors = Pieces::tensor_of(21, 2, 1, 0); }},
      {"more tensors than there are", [](Pieces& p) { p.tensors.replace(2, 2, "K\x02"s); }},
      {"negative count", [](Pieces& p) { p.tensors = program(integer(-1)); }},
      {"count that is text", [](Pieces& p) { p.tensors = program(text("1")); }},
      {"negative numel",
       [&](Pieces& p) { p.storages = storage(head, little(static_cast<uint64_t>(-1), 8) + program("]")); }},
      {"huge numel",
       [&](Pieces& p) { p.storages = storage(head, little(uint64_t{1} << 62, 8) + program("]")); }},
      {"numel past the member",
       [&](Pieces& p) {
         p.storages = storage(head, little(9, 8) + floats({1, 2}) + program("]"));
       }},
      {"two elements of three",
       [&](Pieces& p) {
         p.storages = storage(head, little(3, 8) + floats({1, 2}) + program("]"));
       }},
      {"unknown class",
       [&](Pieces& p) {
         p.storages = storage(tuple({integer(1), text("cpu"), global("os", "system")}),
                              little(2, 8) + floats({1, 2}) + program("]"));
       }},
      {"head of two",
       [&](Pieces& p) {
         p.storages = storage(tuple({integer(1), text("cpu")}), little(2, 8) + floats({1, 2}) + program("]"));
       }},
      {"views that are no list",
       [&](Pieces& p) {
         p.storages = storage(head, little(2, 8) + floats({1, 2}) + program("N"));
       }},
      {"view outside",
       [&](Pieces& p) {
         p.storages =
             storage(head, little(2, 8) + floats({1, 2}) +
                               program("]" + tuple({integer(5), integer(1), integer(1), integer(2)}) + "a"));
       }},
      {"view of nothing",
       [&](Pieces& p) {
         p.storages =
             storage(head, little(2, 8) + floats({1, 2}) +
                               program("]" + tuple({integer(5), integer(9), integer(0), integer(2)}) + "a"));
       }},
      {"view with a storage's key",
       [&](Pieces& p) {
         p.storages =
             storage(head, little(2, 8) + floats({1, 2}) +
                               program("]" + tuple({integer(1), integer(1), integer(0), integer(2)}) + "a"));
       }},
      {"unknown persistent id",
       [](Pieces& p) {
         p.pickle = program(dict({{"w", text("22") + "Q"}}));
       }},
      {"persistent id of None",
       [](Pieces& p) {
         p.pickle = program(dict({{"w", "NQ"}}));
       }},
      {"pickle cut", [](Pieces& p) { p.pickle.pop_back(); }},
      {"pickle empty", [](Pieces& p) { p.pickle.clear(); }},
      {"storages empty", [](Pieces& p) { p.storages.clear(); }},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const auto e = bent(c.bend);
    REQUIRE(e);
    CHECK((e->kind() == ErrorKind::corrupt || e->kind() == ErrorKind::unsupported));
    CHECK(!e->context().record.empty());
    CHECK(bent(c.bend, compat()));
  }
  CHECK(bent([](Pieces& p) { p.pickle += "x"; }));
  CHECK(!bent([](Pieces& p) { p.pickle += "x"; }, compat()));
  LoadOptions small;
  small.budget.tensors = 0;
  CHECK(error_of(Pieces().file(), small)->kind() == ErrorKind::out_of_budget);
  small = {};
  small.budget.tree_bytes = 3000;
  CHECK(error_of(Pieces().file(), small)->kind() == ErrorKind::out_of_budget);
}

TEST_CASE("other tar archives are named for what they are, and damaged ones refused") {
  const auto other = error_of(tar_member("readme.txt", "hello") + tar_end);
  REQUIRE(other);
  CHECK(other->kind() == ErrorKind::unsupported);
  CHECK(other->message() ==
        "this is a tar archive without the member 'storages', not a PyTorch checkpoint: unpack it first; it "
        "holds 1 "
        "members: 'readme.txt'");
  const std::string fine = Pieces().file();
  std::string damaged = fine;
  damaged[3] = 'X';
  CHECK(error_of(damaged)->message() == "[tar] the header is damaged: its checksum is wrong");
  // A link is never followed.
  CHECK(error_of(tar_member("pickle", "") + tar_member("tensors", "") + tar_member("storages", "", '2') +
                 tar_end)
            ->message() == "[tar] the member 'storages' is no file");
  CHECK(error_of(fine.substr(0, fine.size() - 1024) + tar_member("pickle", "x") + tar_end)->message() ==
        "[tar] the name 'pickle' stands twice");
  // Without an end mark: a warning.
  const Checkpoint cut = Checkpoint::from_bytes(fine.substr(0, fine.size() - 1024), "x");
  CHECK(cut.warnings().size() == 1);
}

TEST_CASE("headers of every kind of tar") {
  const auto members = [](const std::string& bytes, Profile profile = Profile::strict) {
    return TarArchive(std::as_bytes(std::span(bytes.data(), bytes.size())), profile, {}).members();
  };
  // Base-256 sizes.
  std::string h = tar_header("big", 0);
  h.replace(124, 12, "\x80\0\0\0\0\0\0\0\0\0\0\x05"s);
  auto found = members(with_checksum(h) + padded("hello") + tar_end);
  REQUIRE(found.size() == 1);
  CHECK(found[0].size == 5);
  CHECK(found[0].offset == 512);
  h.replace(124, 12, "\x80\0\0\x01\0\0\0\0\0\0\0\x05"s);
  CHECK_THROWS_AS(members(with_checksum(h) + padded("hello") + tar_end), Error);
  h.replace(124, 12, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"s);
  CHECK_THROWS_AS(members(with_checksum(h) + padded("hello") + tar_end), Error);
  // GNU long names, pax names and sizes, a prefix.
  const std::string longer(150, 'n');
  found = members(tar_member("././@LongLink", longer + '\0', 'L') + tar_member("cut", "abc") + tar_end);
  REQUIRE(found.size() == 1);
  CHECK(found[0].name == longer);
  found = members(tar_member("pax", "13 path=name\n"s + "9 size=3\n", 'x') +
                  with_checksum(tar_header("cut", 0)) + padded("abc") + tar_member("next", "") + tar_end);
  REQUIRE(found.size() == 2);
  CHECK(found[0].name == "name");
  CHECK(found[0].size == 3);
  CHECK(found[1].name == "next");
  h = tar_header("file", 0);
  h.replace(345, 6, "folder");
  CHECK(members(with_checksum(h) + tar_end)[0].name == "folder/file");
  for (const std::string bad : {"x", "13 path=nam\n", "99 path=name\n", "3 a", "0 \n", "9 size=x\n",
                                "8 size=\n", "7 path\n", "30 size=99999999999999999999\n"})
    CHECK_THROWS_AS(members(tar_member("pax", bad, 'x') + tar_member("a", "abc") + tar_end), Error);
  CHECK_THROWS_AS(members(tar_member("pax", "13 path=name\n", 'x')), Error);
  CHECK_THROWS_AS(members(tar_member("sparse", "", 'S') + tar_end), Error);
  CHECK_THROWS_AS(members(with_checksum(tar_header("cut", 600)) + padded("abc")), Error);
  h = tar_header("text", 0);
  h.replace(124, 12, "00000x00000\0"s);
  CHECK_THROWS_AS(members(with_checksum(h) + tar_end), Error);
}

TEST_CASE("a tar checkpoint that is cut or bent anywhere") {
  const std::string whole = read_file(fixture("tar/tiny.pth"));
  REQUIRE(!error_of(whole));
  // Behind the last member's bytes only zeros are lost.
  const size_t last = whole.find_last_not_of('\0') + 1;
  for (size_t length = 0; length<last; length += length % 512> 200 && length % 512 < 480 ? 7 : 1) {
    CAPTURE(length);
    CHECK(error_of(whole.substr(0, length)));
    CHECK(error_of(whole.substr(0, length), compat()));
  }
  // Every byte of every member, behind headers that carry no checksum of it.
  for (size_t at = 0; at < last; ++at)
    for (const int flip : {0x01, 0x20, 0x80, 0xff}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      error_of(damaged, flip == 1 ? compat() : LoadOptions());
    }
}
