// Runs the cases of make_index.py: an op by name, its arguments, and PyTorch's result or words.
#pragma once
#include <doctest/doctest.h>
#include <sconce/graph.h>
#include <sconce/ops.h>

#include <functional>
#include <map>

#include "support/support.h"

namespace sconce::test {

// The arguments of one case, as the types that ops take.
class Arguments {
 public:
  explicit Arguments(const nlohmann::json& c) : args_(c["args"]), kwargs_(c["kwargs"]) {}
  bool is_tensor(size_t i) const { return args_[i].is_object() && args_[i].contains("tensor"); }
  Tensor tensor(size_t i) const { return tensor_from(args_[i]["tensor"]); }
  std::vector<Tensor> tensors(size_t i) const {
    std::vector<Tensor> out;
    for (const auto& t : args_[i]["tensors"]) out.push_back(tensor_from(t));
    return out;
  }
  Scalar scalar(size_t i) const {
    const auto& a = args_[i];
    if (a.is_object()) return std::stod(a["float"].get<std::string>());
    if (a.is_boolean()) return a.get<bool>();
    if (a.is_number_integer()) return a.get<int64_t>();
    return a.get<double>();
  }
  int64_t integer(size_t i, int64_t otherwise) const {
    return i < args_.size() ? args_[i].get<int64_t>() : otherwise;
  }
  template <class T>
  T named(const char* name, T otherwise) const {
    return kwargs_.value(name, otherwise);
  }

 private:
  const nlohmann::json &args_, &kwargs_;
};

using OpTable = std::map<std::string, std::function<Tensor(const Arguments&)>>;

// Checks every case of the fixture; a bool result is compared as a boolean scalar.
inline void check_op_cases(const std::string& fixture_name, const OpTable& ops) {
  for (const nlohmann::json& c : json_fixture(fixture_name)) {
    const std::string text = c.dump().substr(0, 400);
    CAPTURE(text);
    Tensor out;
    std::string error;
    try {
      out = ops.at(c["op"])(Arguments(c));
    } catch (const Error& e) {
      error = e.message();
    }
    if (c.contains("error")) {
      std::string expected = c["error"];
      // Refusals by dtype have Sconce's own form.
      if (expected.find("not implemented for") != std::string::npos)
        CHECK(error.find("is not implemented for dtype") != std::string::npos);
      else
        CHECK(error == expected);
      continue;
    }
    CHECK(error == "");
    if (!error.empty()) continue;
    if (c["out"].is_boolean())
      CHECK(out.item<bool>() == c["out"].get<bool>());
    else
      CHECK(bit_equal(out, tensor_from(c["out"])));
  }
}

}  // namespace sconce::test
