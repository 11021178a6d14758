// CIFAR, IDX and CSV files.
#include <sconce/datasets.h>

#include <doctest/doctest.h>

#include <set>

#include "gzip.h"
#include "support/support.h"

using namespace sconce;
using namespace sconce::test;
namespace fs = std::filesystem;

namespace {

std::string bytes_in(const nlohmann::json& j) {
  const Tensor t = tensor_from(j);
  return std::string(reinterpret_cast<const char*>(t.data<uint8_t>()), static_cast<size_t>(t.numel()));
}

std::string put(const std::string& bytes) {
  const fs::path path = scratch_folder() / "data";
  write_file(path, bytes);
  return path.string();
}

std::vector<int64_t> ints(const Tensor& t) { return {t.data<int64_t>(), t.data<int64_t>() + t.numel()}; }

LabeledData csv(const std::string& text, const std::string& label = "", CsvOptions options = {}) {
  options.label = label;
  return load_csv(put(text), options);
}

using Names = std::vector<std::string>;
using Ints = std::vector<int64_t>;

}  // namespace

TEST_CASE("datasets: CIFAR-10 and CIFAR-100 records") {
  std::string records;
  for (int i = 0; i < 3; ++i) {
    records += static_cast<char>(9 - i);
    for (int p = 0; p < 3072; ++p) records += static_cast<char>((p / 1024 * 80 + p % 7 + i) & 0xff);
  }
  const LabeledData ten = load_cifar10(put(records));
  CHECK(ten.inputs.shape() == Shape{3, 3, 32, 32});
  CHECK(ten.inputs.dtype() == DType::u8);
  CHECK(ints(ten.labels) == Ints{9, 8, 7});
  CHECK(ten.class_names.at(9) == "truck");
  CHECK(ten.inputs[2][1][0][3].item<int>() == 80 + (1024 + 3) % 7 + 2);
  const std::string path = put(records);
  CHECK(ints(load_cifar10({path, path}).labels) == Ints{9, 8, 7, 9, 8, 7});

  std::string hundred;
  for (int i = 0; i < 2; ++i)
    hundred += std::string(1, static_cast<char>(19 - i)) + static_cast<char>(99 - i) + std::string(3072, 'x');
  CHECK(ints(load_cifar100(put(hundred)).labels) == Ints{99, 98});
  CHECK(load_cifar100(put(hundred)).class_names.at(99) == "worm");
  CHECK(load_cifar100(put(hundred)).class_names.size() == 100);
  const LabeledData coarse = load_cifar100(put(hundred), Cifar100Labels::coarse);
  CHECK(ints(coarse.labels) == Ints{19, 18});
  CHECK(coarse.class_names == Names(coarse.class_names.begin(), coarse.class_names.begin() + 20));
  // Names are distinct and sorted, as the data set numbers them.
  const Names names = load_cifar100(put(hundred)).class_names;
  CHECK(std::set<std::string>(names.begin(), names.end()).size() == 100);
  CHECK(std::is_sorted(names.begin(), names.end()));

  CHECK_THROWS_WITH(load_cifar10(put("")),
                    doctest::Contains("expected whole records of 3073 bytes, got 0 bytes"));
  CHECK_THROWS_WITH(load_cifar10(put(records + "x")), doctest::Contains("expected whole records"));
  records[3073] = 10;
  CHECK_THROWS_WITH(load_cifar10(put(records)), doctest::Contains("expected a label below 10, got 10 (file"));
  CHECK_THROWS_WITH(load_cifar10(put(records)), doctest::Contains("offset 3073"));
  hundred[0] = 20;
  CHECK_THROWS_WITH(load_cifar100(put(hundred)), doctest::Contains("expected a label below 20, got 20"));
  CHECK_THROWS_AS(load_cifar10(std::vector<std::string>{}), Error);
  Budget small;
  small.materialized_bytes = 100;
  CHECK_THROWS_WITH(load_cifar10(path, small), doctest::Contains("the budget allows 100"));
}

TEST_CASE("datasets: IDX of every dtype, plain and gzipped") {
  for (const nlohmann::json cases = json_fixture("data.json").at("idx"); const auto& c : cases) {
    const std::string name = c.at("name");
    CAPTURE(name);
    const std::string bytes = bytes_in(c.at("file"));
    CHECK(bit_equal(load_idx(put(bytes)), tensor_from(c.at("expected"))));
    // Cut anywhere: an error.
    const fs::path cut = scratch_folder() / "cut";
    for (size_t n = 0; n < bytes.size(); ++n) {
      write_file(cut, bytes.substr(0, n));
      // A gzip member's end is where a file of two can be cut without a trace in gzip; IDX then lacks
      // elements.
      CHECK_THROWS_AS(load_idx(cut.string()), Error);
    }
    CHECK_THROWS_AS(load_idx(put(bytes + "x")), Error);
  }
}

TEST_CASE("datasets: hostile IDX and gzip sizes are refused before they are believed") {
  const std::string huge("\0\0\x08\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16);
  CHECK_THROWS_WITH(load_idx(put(huge)), doctest::Contains("the shape does not fit 64 bits"));
  const std::string zero_and_huge("\0\0\x08\x04\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 20);
  CHECK_THROWS_WITH(load_idx(put(zero_and_huge)), doctest::Contains("the shape does not fit 64 bits"));
  const std::string large("\0\0\x0e\x02\x7f\xff\xff\xff\0\0\0\x10", 12);
  CHECK_THROWS_WITH(load_idx(put(large)), doctest::Contains("got 0"));
  CHECK_THROWS_WITH(load_idx(put(std::string("\0\0\x07\x01\0\0\0\0", 8))),
                    doctest::Contains("expected an IDX file"));
  CHECK(load_idx(put(std::string("\0\0\x08\x01\0\0\0\0", 8))).shape() == Shape{0});

  auto gz = bytes_in(json_fixture("data.json").at("idx")[1].at("file"));
  for (const char* size : {"\xff\xff\xff\xff", "\0\0\0\0"}) {  // a length that is not true
    std::string bent = gz;
    bent.replace(bent.size() - 4, 4, size, 4);
    CHECK_THROWS_AS(load_idx(put(bent)), Error);
  }
  CHECK_THROWS_WITH(gunzip(bytes_of(gz), 10), doctest::Contains("the budget's 10 bytes"));
  for (size_t i = 0; i < gz.size(); ++i) {
    std::string bent = gz;
    bent[i] = static_cast<char>(bent[i] ^ 0x20);
    size_t bytes = 40;
    try {
      bytes = gunzip(bytes_of(bent), 1 << 20).size();
    } catch (const Error&) {
    }
    CHECK(bytes == 40);  // an error, or a change in the header that means nothing here
  }
}

TEST_CASE("datasets: IDX images with labels") {
  const std::string images(
      "\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x02"
      "abcd",
      20),
      labels("\0\0\x08\x01\0\0\0\x02\x05\x03", 10);
  const LabeledData data = load_idx(put(images), put(labels));
  CHECK(data.inputs.shape() == Shape{2, 1, 2});
  CHECK(ints(data.labels) == Ints{5, 3});
  CHECK_THROWS_WITH(load_idx(put(labels), put(images)), doctest::Contains("are the two files exchanged?"));
  const std::string three("\0\0\x08\x01\0\0\0\x03\x05\x03\x01", 11);
  CHECK_THROWS_WITH(load_idx(put(images), put(three)),
                    doctest::Contains("got 3 labels and inputs of shape [2, 1, 2]"));
}

TEST_CASE("datasets: a CSV file with quoted names and text labels, as NumPy and scikit-learn read it") {
  const auto c = json_fixture("data.json").at("csv");
  CsvOptions wide;
  wide.dtype = DType::f64;
  const LabeledData got = csv(c.at("text"), "species", wide);
  CHECK(bit_equal(got.inputs, tensor_from(c.at("f64"))));
  CHECK(ints(got.labels) == c.at("labels").get<Ints>());
  CHECK(got.class_names == c.at("classes").get<Names>());
  CHECK(got.column_names == c.at("columns").get<Names>());
  const LabeledData narrow = csv(c.at("text"), "2");
  CHECK(bit_equal(narrow.inputs, tensor_from(c.at("f32"))));
  CHECK(ints(narrow.labels) == ints(got.labels));
}

TEST_CASE("datasets: CSV labels") {
  CHECK(ints(csv("1,0\n2,2\n3,1\n", "-1").labels) == Ints{0, 2, 1});
  CHECK(csv("1,0\n2,2\n3,1\n", "-1").class_names.empty());
  CHECK(ints(csv("1,0.0\n2,2.0\n", "1").labels) == Ints{0, 2});
  const LabeledData signs = csv("1,-1\n2,1\n3,-1\n4,10\n5,2\n", "1");
  CHECK(ints(signs.labels) == Ints{0, 1, 0, 3, 2});
  CHECK(signs.class_names == Names{"-1", "1", "2", "10"});
  const LabeledData target = csv("1,0.5\n2,-3\n", "1");
  CHECK(target.labels.dtype() == DType::f32);
  CHECK(target.labels[0].item() == 0.5);
  const LabeledData texts = csv("a,y\n1,dog\n2,cat\n3,\"dog\"\n", "y");
  CHECK(ints(texts.labels) == Ints{1, 0, 1});
  CHECK(texts.class_names == Names{"cat", "dog"});
  CHECK(texts.column_names == Names{"a"});
  CHECK_FALSE(csv("1,2\n").labels.defined());
  CHECK(csv("only\n1\n2\n", "only").inputs.shape() == Shape{2, 0});
}

TEST_CASE("datasets: CSV text") {
  CHECK(csv("\xef\xbb\xbf"
            "a,b\n\n 1 ,\t+2.5e1\n\r\n-3,nan")
            .inputs.shape() == Shape{2, 2});
  CHECK(csv("1,1e999\n").inputs[0][1].item() == std::numeric_limits<double>::infinity());
  CHECK(csv("1,1e-999\n").inputs[0][1].item() == 0);
  CHECK(csv("1,-inf\n").inputs[0][1].item() == -std::numeric_limits<double>::infinity());
  CHECK(csv("\"a \"\"b\"\"\",\"c\nd\"\n1,2\n").column_names == Names{"a \"b\"", "c\nd"});
  CsvOptions semicolon;
  semicolon.separator = ';';
  CHECK(csv("1;2;3", "", semicolon).inputs.shape() == Shape{1, 3});
  semicolon.separator = '\t';
  CHECK(csv("1\t 2\t3", "", semicolon).inputs[0][1].item() == 2);
  CsvOptions header;
  header.header = true;
  CHECK(csv("0,1\n5,6\n", "1", header).column_names == Names{"0"});
  header.header = false;
  CHECK_THROWS_WITH(csv("a,b\n1,2\n", "", header),
                    doctest::Contains("line 1, column 0: expected a number, got 'a'"));

  CHECK_THROWS_WITH(csv(""), doctest::Contains("the file has no rows"));
  CHECK_THROWS_WITH(csv("a,b\n"), doctest::Contains("a header and no rows"));
  CHECK_THROWS_WITH(csv("a,b\n1,2\n\n3\n"), doctest::Contains("line 4: expected 2 fields, got 1"));
  CHECK_THROWS_WITH(csv("a,b\n1,2\n3,\n"),
                    doctest::Contains("line 3, column 'b': expected a number, got ''"));
  CHECK_THROWS_WITH(csv("a,b\n1,0x10\n"), doctest::Contains("expected a number, got '0x10'"));
  CHECK_THROWS_WITH(csv("a,b\n1,+-2\n"), doctest::Contains("expected a number, got '+-2'"));
  CHECK_THROWS_WITH(csv("a,\"b\n1,2\n"), doctest::Contains("line 1: a quoted field has no end"));
  CHECK_THROWS_WITH(csv("\"a\"x,b\n"),
                    doctest::Contains("line 1: expected a separator after a quoted field, got 'x'"));
  CHECK_THROWS_WITH(csv("a,b\n1,\n", "b"), doctest::Contains("line 2: the label is empty"));
  CHECK_THROWS_WITH(csv("a,b\n1,2\n", "c"), "[load_csv] expected a label column named 'c', got 'a', 'b'");
  CHECK_THROWS_WITH(csv("1,2\n", "c"),
                    doctest::Contains("a file without a header; name the column by its index"));
  CHECK_THROWS_WITH(csv("1,2\n", "2"), "[load_csv] expected a label column among 2, got 2");
  CHECK_THROWS_WITH(csv("1,2\n", "-3"), doctest::Contains("got -3"));
  CsvOptions small;
  small.budget.materialized_bytes = 20;
  CHECK_THROWS_WITH(csv("1,2\n3,4\n", "", small), doctest::Contains("the budget allows 20"));
  CsvOptions half;
  half.dtype = DType::f16;
  CHECK_THROWS_AS(csv("1\n", "", half), Error);
}

TEST_CASE("datasets: the real CIFAR-10 and MNIST test sets") {
  const auto folder = real_checkpoints();
  if (!folder) {
    MESSAGE("skipped: no real checkpoints");
    return;
  }
  const LabeledData cifar = load_cifar10((*folder / "cifar10" / "test_batch_by_class.bin").string());
  CHECK(cifar.inputs.shape() == Shape{10000, 3, 32, 32});
  std::vector<int> count(10);
  for (int64_t label : ints(cifar.labels)) ++count[static_cast<size_t>(label)];
  CHECK(count == std::vector<int>(10, 1000));

  const LabeledData mnist = load_idx((*folder / "mnist" / "t10k-images-idx3-ubyte.gz").string(),
                                     (*folder / "mnist" / "t10k-labels-idx1-ubyte.gz").string());
  CHECK(mnist.inputs.shape() == Shape{10000, 28, 28});
  CHECK(Ints(mnist.labels.data<int64_t>(), mnist.labels.data<int64_t>() + 5) == Ints{7, 2, 1, 0, 4});
}
