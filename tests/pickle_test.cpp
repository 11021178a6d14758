// The pickle machine on its own: every operation, its refusals, and what bombs may cost.
#include "pickle.h"

#include "pickle_fetches.h"
#include "support/pickle_writer.h"

#include <doctest/doctest.h>

#include <string>

using namespace sconce;
using namespace sconce::test;
using namespace std::string_literals;

namespace {

Value read(const std::string& program, Profile profile = Profile::strict, const Budget& budget = {},
           std::vector<std::string>* warnings = nullptr) {
  PickleMeaning meaning;
  PickleReader reader(bytes_of(program), meaning, profile, budget);
  Value out = reader.read();
  if (warnings) *warnings = reader.warnings();
  return out;
}

Error error_of(const std::string& program, Profile profile = Profile::strict, const Budget& budget = {}) {
  try {
    const Value v = read(program, profile, budget);
    FAIL("expected an error, got " << v.repr());
  } catch (const Error& e) {
    return e;
  }
  return Error(ErrorKind::io, "");
}

std::string repr(const std::string& program) { return read(program).repr(); }

}  // namespace

TEST_CASE("numbers of every protocol") {
  CHECK(read("I42\n.").as_int() == 42);
  CHECK(read("I-7\n.").as_int() == -7);
  CHECK(read("I01\n.").as_bool());
  CHECK(!read("I00\n.").as_bool());
  CHECK(read("I1\n.").kind() == Value::Kind::integer);
  CHECK(read("L123L\n.").as_int() == 123);
  CHECK(read("L-99999999999999999999L\n.").as_string() == "-99999999999999999999");
  CHECK(read("F1.5e-05\n.").as_double() == 1.5e-05);
  CHECK(read("Finf\n.").as_double() > 1e308);
  CHECK(read("J\xff\xff\xff\xff.").as_int() == -1);
  CHECK(read("K\xff.").as_int() == 255);
  CHECK(read("M\xff\xff.").as_int() == 65535);
  CHECK(read("G\x3f\xf0\0\0\0\0\0\0."s).as_double() == 1.0);
  CHECK(read("\x8a\0."s).as_int() == 0);
  CHECK(read("\x8a\x01\x80.").as_int() == -128);
  CHECK(read("\x8a\x02\x80\0."s).as_int() == 128);
  CHECK(read("\x8a\x08\0\0\0\0\0\0\0\x80."s).as_int() == INT64_MIN);
  CHECK(read("\x8a\x09\0\0\0\0\0\0\0\x80\0."s).as_string() == "9223372036854775808");
  CHECK(read("\x8a\x09\0\0\0\0\0\0\0\0\x01."s).as_string() == "18446744073709551616");
  CHECK(read("\x8a\x09\0\0\0\0\0\0\0\0\xff."s).as_string() == "-18446744073709551616");
  CHECK(read("\x8b\x01\0\0\0\x05."s).as_int() == 5);
  CHECK(read("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.").as_string() == "119547037146038801333356");
  CHECK(error_of("Ix\n.").kind() == ErrorKind::corrupt);
  CHECK(error_of("F1.5x\n.").kind() == ErrorKind::corrupt);
  CHECK(error_of("\x8b\xff\xff\xff\xff."s).kind() == ErrorKind::corrupt);
}

TEST_CASE("text and bytes of every protocol") {
  CHECK(read("S'it\\'s\\x41\\n\\101'\n.").as_string() == "it'sA\nA");
  CHECK(read("S\"a\"\n.").as_string() == "a");
  CHECK(read("V\\u00e9\\U0001f600\xe9\n.").as_string() == "é\U0001f600é");
  CHECK(read("X\x02\0\0\0ab."s).as_string() == "ab");
  CHECK(read("\x8c\x02"s + "ab.").as_string() == "ab");
  CHECK(read("\x8d\x02\0\0\0\0\0\0\0ab."s).as_string() == "ab");
  CHECK(read("\x8c\x03\xed\xa0\x80.").as_string() ==
        "\xed\xa0\x80");  // a lone surrogate, which Python writes
  CHECK(read("U\x02"s + "ab.").kind() == Value::Kind::string);
  CHECK(read("U\x02\xff\xfe.").kind() == Value::Kind::bytes);  // Python 2 had no other type for bytes
  CHECK(read("T\x01\0\0\0a."s).as_string() == "a");
  CHECK(read("C\x02\xff\0."s).as_string() == "\xff\0"s);
  CHECK(read("B\x01\0\0\0\xff."s).kind() == Value::Kind::bytes);
  CHECK(read("\x8e\x01\0\0\0\0\0\0\0z."s).as_string() == "z");
  CHECK(read("\x96\x01\0\0\0\0\0\0\0z."s).kind() == Value::Kind::bytes);
  for (const std::string& bad :
       {"X\x01\0\0\0\xff."s, "X\x02\0\0\0\xc0\x80."s, "X\x04\0\0\0\xf5\x80\x80\x80."s, "S'a\n."s, "Sa\n."s,
        "V\\u12\n."s, "T\xff\xff\xff\xff."s}) {
    CAPTURE(bad);
    CHECK(error_of(bad).kind() == ErrorKind::corrupt);
  }
}

TEST_CASE("containers, and the memo as shared handles") {
  CHECK(repr("(K\x01K\x02t.") == "(1, 2)");
  CHECK(repr(").") == "()");
  CHECK(repr("K\x01\x85.") == "(1,)");
  CHECK(repr("K\x01K\x02\x86.") == "(1, 2)");
  CHECK(repr("K\x01K\x02K\x03\x87.") == "(1, 2, 3)");
  CHECK(repr("(K\x01K\x02l.") == "[1, 2]");
  CHECK(repr("](K\x01K\x02"s + "e.") == "[1, 2]");
  CHECK(repr("]K\x01"s + "a.") == "[1]");
  CHECK(repr("(K\x01K\x02"s + "d.") == "{1: 2}");
  CHECK(repr("}(K\x01K\x02u.") == "{1: 2}");
  CHECK(repr("}K\x01K\x02s.") == "{1: 2}");
  CHECK(read("\x8f(K\x01K\x02\x90.").kind() == Value::Kind::set);
  CHECK(read("(K\x01K\x02\x91.").size() == 2);
  CHECK(repr("K\x01K\x02"s + "0.") == "1");
  CHECK(repr("K\x01(K\x02K\x03"s + "1.") == "1");
  const Value pair = read("]q\0h\0\x86."s);
  CHECK(pair[0].node() == pair[1].node());
  const Value doubled = read("]2\x86.");
  CHECK(doubled[0].node() == doubled[1].node());
  CHECK(read("]\x94h\0\x86."s)[1].kind() == Value::Kind::list);
  CHECK(read("]p1\n0g1\n.").kind() == Value::Kind::list);  // Python 2's cPickle counts from 1
  CHECK(read("]r\0\0\0\0j\0\0\0\0\x86."s).size() == 2);
}

TEST_CASE("the memo entries that a program fetches are known beforehand") {
  const auto fetched = [](const std::string& program, uint64_t most = 100) {
    std::string out;
    const auto bits = fetched_memo_indexes(bytes_of(std::string_view(program)), most);
    if (!bits) return std::string("unknown");
    for (size_t i = 0; i < bits->size(); ++i)
      if ((*bits)[i]) out += std::to_string(i) + " ";
    return out;
  };
  CHECK(fetched("]q\0."s).empty());
  CHECK(fetched("]q\0h\0\x86."s) == "0 ");
  CHECK(fetched("X\2\0\0\0h\1q\2j\3\0\0\0N\x8c\1hU\1hcos\nsystem\ng4\n."s) == "3 4 ");
  CHECK(fetched("h\xff."s).empty());     // so short a program stores nothing there
  CHECK(fetched("]h\0"s) == "unknown");  // no STOP
  CHECK(fetched("]X\xff\0\0\0."s) == "unknown");
  CHECK(fetched("]\xff."s) == "unknown");
  CHECK(fetched("g+1\n.") == "unknown");
  CHECK(fetched("NNN.", 3) == "unknown");
  CHECK(fetched("\x8e\xff\xff\xff\xff\xff\xff\xff\xff.") == "unknown");
}

TEST_CASE("a list may hold itself, and is freed") {
  const Value self = read("]q\0h\0a."s);
  CHECK(self[0].node() == self.node());
  const Value twice = read("]2a.");
  CHECK(twice.size() == 1);
  const Value dict = read("}q\0X\1\0\0\0ah\0s."s);
  CHECK(dict["a"]["a"].node() == dict.node());
  // Left behind on the way to an error or dropped: a leak checker sees that these go too.
  CHECK(error_of("]q\0h\0a0."s).kind() == ErrorKind::corrupt);
  CHECK(read("]q\0h\0a0N."s).is_none());
  CHECK(read("]q\0h\0a0Nq\0."s).is_none());
  CHECK(read("]q\0(h\0l0h\0h\0\x85"s + "a00N.").is_none());
}

TEST_CASE("names and calls stay closed") {
  const Value call = read("cos\nsystem\n(S'echo'\ntR.");
  CHECK(call.kind() == Value::Kind::object);
  CHECK(call.type_name() == "os.system");
  CHECK(call.arguments()[0].as_string() == "echo");
  CHECK(read("\x80\x02\x63__builtin__\neval\n.").as_string() == "builtins.eval");
  CHECK(read("\x80\x03\x63__builtin__\neval\n.").as_string() == "__builtin__.eval");
  CHECK(read("\x80\x02\x63__builtin__\nxrange\n.").as_string() == "builtins.range");
  CHECK(read("\x80\x04\x8c\x02os\x8c\x06system\x93.").as_string() == "os.system");
  CHECK(read("(K\x01ios\nsystem\n.").arguments().size() == 1);
  CHECK(read("(cos\nsystem\nK\x01o.").type_name() == "os.system");
  CHECK(read("cA\nB\n)\x81.").type_name() == "A.B");
  CHECK(read("cA\nB\nK\x01\x85}\x92.").arguments().size() == 1);
  const Value built = read("cA\nB\n)\x81}K\x01K\x02sb.");
  CHECK(built.state().size() == 1);
  CHECK(read("cA\nB\n)RK\x01"s + "a.").items().size() == 1);
  CHECK(read("cA\nB\n)R)R.").kind() == Value::Kind::object);  // a call of what a call gave
  CHECK(error_of("K\x01)R.").kind() == ErrorKind::corrupt);
  CHECK(error_of("cA\nB\nK\x01R.").kind() == ErrorKind::corrupt);
  CHECK(error_of("K\x01}b.").kind() == ErrorKind::corrupt);
  CHECK(error_of("K\x01Q.").kind() == ErrorKind::corrupt);
  CHECK(error_of("Pid\n.").kind() == ErrorKind::corrupt);
  CHECK(error_of("\x82\x01.").kind() == ErrorKind::unsupported);
  CHECK(error_of("\x97.").kind() == ErrorKind::unsupported);
  CHECK(error_of("N\x98.").kind() == ErrorKind::unsupported);
  CHECK(error_of("\x80\x06N.").kind() == ErrorKind::unsupported);
}

TEST_CASE("broken programs are refused where they break") {
  struct Case {
    std::string program;
    uint64_t offset;
  };
  for (const Case& c : std::vector<Case>{{"", 0},
                                         {"\x80\x02", 2},
                                         {".", 0},
                                         {"N0.", 2},
                                         {"Nt.", 1},
                                         {"(.", 1},
                                         {"NN.", 2},
                                         {"(N.", 2},
                                         {"}(K\x01u.", 4},
                                         {"}K\x01s.", 3},
                                         {"Na.", 1},
                                         {"NNa.", 2},
                                         {"N(NNu.", 4},
                                         {"h\x05.", 0},
                                         {"Nq\x05.", 1},
                                         {"Nr\xff\xff\xff\xff.", 1},
                                         {"Np-1\n.", 1},
                                         {"K", 0},
                                         {"X\xff\xff\xff\xff.", 0},
                                         {"\x1f.", 0},
                                         {"\x95\xff\0\0\0\0\0\0\0.s", 0},
                                         {"NN\x93.", 2},
                                         {"}]K\x01s.", 4},
                                         {"K\x01\x86.", 2},
                                         {"cos\nsystem", 0},
                                         {"1.", 0},
                                         {"0.", 0},
                                         {"2.", 0},
                                         {"N(q\0."s, 2}}) {
    CAPTURE(c.program);
    const Error e = error_of(c.program);
    CHECK(e.kind() == ErrorKind::corrupt);
    REQUIRE(e.context().offset.has_value());
    CHECK(*e.context().offset == c.offset);
  }
}

TEST_CASE("what lies outside the stream is refused by name") {
  const Error buffer = error_of("\x80\x05\x97.");
  CHECK(buffer.kind() == ErrorKind::unsupported);
  CHECK(buffer.message().find("NEXT_BUFFER") != std::string::npos);
  CHECK(error_of("\x80\x02\x82\x01.").kind() == ErrorKind::unsupported);  // EXT1
}

TEST_CASE("compat takes what torch takes, and says so") {
  std::vector<std::string> warnings;
  CHECK(read("K\x01K\x02.", Profile::compat, {}, &warnings).as_int() == 2);
  CHECK(warnings.size() == 1);
  CHECK(read("]r\xff\xff\xff\xff"s + "0j\xff\xff\xff\xff.", Profile::compat).kind() == Value::Kind::list);
  CHECK(error_of("h\x05.", Profile::compat).kind() == ErrorKind::corrupt);
}

TEST_CASE("a key that comes twice takes the last value, in its old place") {
  std::vector<std::string> warnings;
  const Value few = read("}(K\x01NK\x02NK\x01K\x07u.", Profile::strict, {}, &warnings);
  CHECK(few.repr() == "{1: 7, 2: None}");
  CHECK(warnings.size() == 1);
  CHECK(read("}(K\x01NI01\nNG\x3f\xf0\0\0\0\0\0\0Nu."s).size() == 1);  // 1, True and 1.0 are one key
  CHECK(read("}(K\x01NX\1\0\0\0"s + "1NC\1"s + "1Nu.").size() == 3);
  std::string many = "}(";
  for (int i = 0; i < 3000; ++i)
    many += pickled::text("key" + std::to_string(i % 2500)) + pickled::integer(i);
  const Value large = read(many + "u.", Profile::strict, {}, &warnings);
  CHECK(large.size() == 2500);
  CHECK(large["key3"].as_int() == 2503);
  CHECK(large.pairs()[3].second.as_int() == 2503);
  CHECK(warnings.size() == 101);  // a hundred, and that there were more
}

TEST_CASE("bombs meet a budget") {
  Budget small;
  small.tree_bytes = 1 << 20;
  small.memo_entries = 1000;
  small.string_bytes = 1000;
  small.opcodes = 100'000;
  const auto over = [&](const std::string& program, const Budget& budget) {
    const Error e = error_of(program, Profile::compat, budget);
    return e.kind() == ErrorKind::out_of_budget;
  };
  CHECK(over(std::string(50'000, ']') + ".", small));
  CHECK(over(std::string(200'000, 'N') + ".", small));
  std::string memo = "N";
  for (int i = 0; i < 2000; ++i) memo += "r" + pickled::little(static_cast<uint64_t>(i) * 1000, 4);
  CHECK(over(memo + ".", small));
  CHECK(over("X" + pickled::little(2000, 4) + std::string(2000, 'a') + ".", small));
  CHECK(over("\x8b" + pickled::little(5000, 4) + std::string(5000, '\x7f') + ".", small));
  // One long text, copied again and again through the memo.
  std::string copies = pickled::text(std::string(900, 'a')) + "q\0"s + "0c_codecs\nencode\nq\1"s + "0(";
  for (int i = 0; i < 20'000; ++i) copies += "h\0"s;
  CHECK(over(copies + "t.", [&] {
    Budget b = small;
    b.opcodes = 1000;
    return b;
  }()));
  // Doubling: handles are shared, so this is small until someone prints it.
  std::string laughs = "]";
  for (int i = 0; i < 60; ++i) laughs += "2\x86";
  CHECK(read(laughs + ".").repr().size() <= 300);
  // The same as a dictionary key, which must be compared.
  CHECK(over("}" + ("N" + laughs.substr(1)) + "Ns.", small));
  Budget short_program;
  short_program.pickle_bytes = 10;
  CHECK(over("NNNNNNNNNNNNNNN.", short_program));
}

TEST_CASE("nesting has a limit, and deep trees are taken apart without recursion") {
  const std::string ten = "N" + std::string(10, '\x85') + ".",
                    thousand = "N" + std::string(1001, '\x85') + ".";
  CHECK(read(ten).kind() == Value::Kind::tuple);
  CHECK(error_of(thousand).kind() == ErrorKind::out_of_budget);
  Budget deep;
  deep.depth = 1'000'000;
  CHECK(read("N" + std::string(100'000, '\x85') + ".", Profile::strict, deep).kind() == Value::Kind::tuple);
  CHECK(read(std::string(100'000, ']') + std::string(99'999, 'a') + ".", Profile::strict, deep).size() == 1);
  CHECK(error_of("N" + std::string(100'000, '\x85')).kind() == ErrorKind::corrupt);
  CHECK(error_of("}N" + std::string(100'000, '\x85') + "Ns.").kind() == ErrorKind::out_of_budget);
  // Shared parts are counted once each, not once a path.
  std::string shared = "]";
  for (int i = 0; i < 500; ++i) shared += "2\x86";
  CHECK(read(shared + ".").kind() == Value::Kind::tuple);
}

TEST_CASE("an error says which key was being read") {
  const std::string bad = "h\x7f";
  CHECK(error_of("}(" + pickled::text("a") + "N" + pickled::text("b.c") + bad).context().key == "b.c");
  CHECK(error_of("}" + pickled::text("model") + "}(" + pickled::text("w") + "(" + bad).context().key ==
        "model.w");
  CHECK(error_of("}(" + pickled::text("l") + "](NN" + bad).context().key == "l.2");
}
