// Cases of fixtures/sequence.json that are recurrent layers, on any device.
#pragma once
#include <sconce/ops.h>

#include "support/op_cases.h"

namespace sconce::test {

// All results of an LSTM or a GRU, one behind the other, on the CPU.
inline Tensor recurrent_result(const nlohmann::json& c, Device device) {
  std::vector<Tensor> parameters;
  for (const auto& [name, value] : c.at("inputs").items())
    if (name[0] == 'p') parameters.push_back(tensor_from(value).to(device));
  const RecurrentOptions o{arg_of(c, "bias", true), arg_of<int64_t>(c, "layers", 1),
                           arg_of(c, "bidirectional", false), arg_of(c, "batch_first", false)};
  const Tensor x = input_of(c, "x").to(device), h = input_of(c, "h0").to(device);
  if (c.at("op") == "gru") {
    const GruResult r = gru(x, h, parameters, o);
    return cat({r.output.flatten(), r.h_n.flatten()}).to(cpu);
  }
  const LstmResult r = lstm(x, {h, input_of(c, "h1").to(device)}, parameters, o);
  return cat({r.output.flatten(), r.h_n.flatten(), r.c_n.flatten()}).to(cpu);
}

}  // namespace sconce::test
