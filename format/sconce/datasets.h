// Labelled data in the plain formats that data sets are published in.
#pragma once
#include <sconce/checkpoint.h>

#include <optional>
#include <string>
#include <vector>

namespace sconce {

// Samples and what they are. A value.
struct LabeledData {
  Tensor inputs;  // (N, ...), one sample for each index of dimension 0
  Tensor labels;  // (N), i64 class indices (floating for a CSV regression target); undefined without labels
  std::vector<std::string> class_names;   // by index; empty when the file gives none
  std::vector<std::string> column_names;  // of a CSV file with a header: the columns of inputs
};

// All of these throw ErrorKind::io, ErrorKind::corrupt with the byte offset (or line) of the first
// contradiction, and ErrorKind::out_of_budget before allocating more than budget.materialized_bytes.

// The binary version of CIFAR-10 (data_batch_1.bin, test_batch.bin): records of one label byte and 3072
// pixels. inputs: u8 (N, 3, 32, 32). Several files follow one another.
LabeledData load_cifar10(const std::vector<std::string>& paths, const Budget& budget = {});
LabeledData load_cifar10(const std::string& path, const Budget& budget = {});

// The binary version of CIFAR-100 (train.bin, test.bin): a coarse and a fine label byte, then 3072 pixels.
enum class Cifar100Labels { fine, coarse };  // 100 classes, or their 20 superclasses
LabeledData load_cifar100(const std::string& path, Cifar100Labels labels = Cifar100Labels::fine,
                          const Budget& budget = {});

// An IDX file, as MNIST's, plain or gzipped (told by content): any of its dtypes (u8 i8 i16 i32 f32 f64) and
// dimensions.
Tensor load_idx(const std::string& path, const Budget& budget = {});

// A file of samples and a one-dimensional one of as many integer labels.
LabeledData load_idx(const std::string& inputs_path, const std::string& labels_path,
                     const Budget& budget = {});

struct CsvOptions {
  std::string label;  // the label column: its name in the header, or its index ("4"; "-1" is the last);
                      // empty: no labels
  std::optional<bool> header;  // is the first row a header? Unset: yes when none of its fields is a number
  char separator = ',';
  DType dtype = DType::f32;  // of inputs: f32 or f64
  Budget budget;
};

// Comma-separated values with quoted fields ("" is a quote inside one) and LF or CRLF ends; empty lines are
// passed over. Every column but the label must hold numbers (nan and inf are numbers). inputs: (rows,
// columns). Labels that are whole numbers from 0 are class indices as they stand; other whole numbers and
// texts become the indices of their sorted distinct values, which class_names lists; any other numbers stay
// as they are, as options.dtype. Throws ErrorKind::corrupt with line and column, ErrorKind::invalid_argument
// when there is no such label column.
LabeledData load_csv(const std::string& path, const CsvOptions& options = {});

}  // namespace sconce
