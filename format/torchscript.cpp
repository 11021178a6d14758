#include "torchscript.h"

#include "rebuild_arguments.h"

#include <cstring>
#include <unordered_set>
#include <vector>

namespace sconce {
namespace {

using Kind = Value::Kind;

bool ends_with(const Value& object, std::string_view suffix) {
  return object.kind() == Kind::object && object.type_name().ends_with(suffix);
}

// Numbers that a layer multiplies with, and not its strides or other settings.
bool is_weight(const Value& v) {
  return v.kind() == Kind::quantized ||
         (v.kind() == Kind::tensor && is_floating_point(v.as_tensor().dtype()));
}

// Weights in a state of tuples and lists, in order; they are never deep.
void collect_weights(const Value& v, int depth, std::vector<Value>& out) {
  if (is_weight(v)) out.push_back(v);
  if (depth > 0 && (v.kind() == Kind::tuple || v.kind() == Kind::list))
    for (const Value& item : v.items()) collect_weights(item, depth - 1, out);
}

// Linear: (weight, bias). Convolutions: (version, [settings, weight], [bias]), (version, settings, [None, weight, bias]), or
// (weight, bias, settings...). Embeddings: (version, [weight], ...). The bias may be None.
Value::Pairs packed_layer(const Value& state) {
  std::vector<Value> weights;
  collect_weights(state, 2, weights);
  Value::Pairs out;
  if (!weights.empty()) out.emplace_back("weight", weights[0]);
  if (weights.size() > 1 && weights[1].kind() == Kind::tensor) out.emplace_back("bias", weights[1]);
  return out;
}

// (kind, tensors, numbers, numbers, packed layers): "quantized" has weights and biases among the tensors, the dynamic kinds
// in two packed layers.
Value::Pairs packed_cell(const Value& state) {
  constexpr const char* names[] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"};
  if (state.kind() != Kind::tuple || state.size() != 5) return {};
  std::vector<Value> weights;
  if (state[4].items().empty()) {
    collect_weights(state[1], 1, weights);
  } else {
    std::vector<Value> biases;
    for (const Value& layer : state[4].items())
      for (const auto& [name, value] : packed_layer(layer.state()))
        (name.as_string() == "weight" ? weights : biases).push_back(value);
    weights.insert(weights.end(), biases.begin(), biases.end());
  }
  Value::Pairs out;
  for (size_t i = 0; i < weights.size() && i < 4; ++i) out.emplace_back(names[i], weights[i]);
  return out;
}

// What an object of PyTorch's own packed classes holds; empty for other values.
Value::Pairs packed(const Value& v) {
  if (ends_with(v, "CellParamsBase")) return packed_cell(v.state());
  return ends_with(v, "PackedParamsBase") ? packed_layer(v.state()) : Value::Pairs();
}

// The same of a module that is there to hold one: LinearPackedParams with the state (weight, bias, training, dtype), or with
// a packed object among its attributes.
Value::Pairs packed_holder(const Value& v) {
  if (!ends_with(v, "PackedParams")) return {};
  if (v.state().kind() == Kind::tuple) return packed_layer(v.state());
  for (const auto& [name, value] : v.state().pairs())
    if (auto out = packed(value); !out.empty()) return out;
  return {};
}

Tensor scalar(DType dtype, const void* number) {
  const Tensor out(Storage::allocate(size_of(dtype)), dtype, Shape{});
  std::memcpy(out.storage().data(), number, size_of(dtype));
  return out;
}

// The members of one module.
struct Members {
  Value::Pairs parameters, buffers, modules;
  bool quantized = false;
  Value scale, zero_point;

  void add_packed(const std::string& prefix, const Value::Pairs& layer) {
    quantized = true;
    for (const auto& [name, value] : layer) parameters.emplace_back(prefix + name.as_string(), value);
  }
  // A quantized layer's output scale, as tensors, as its state_dict has them.
  void add_scale() {
    if (!quantized || scale.is_none() || zero_point.is_none()) return;
    const auto step = static_cast<float>(scale.as_double());
    const int64_t zero = zero_point.as_int();
    buffers.emplace_back("scale", scalar(DType::f32, &step));
    buffers.emplace_back("zero_point", scalar(DType::i64, &zero));
  }
};

class Namer {
 public:
  explicit Namer(ScriptCode& code) : code_(code) {}

  void run(const Value& root) {
    std::vector<Value> open{root};
    while (!open.empty()) {
      const Value v = std::move(open.back());
      open.pop_back();
      if (!seen_.insert(v.node()).second) continue;
      for (const auto* list : {&v.items(), &v.arguments()})
        open.insert(open.end(), list->begin(), list->end());
      for (const auto& [key, value] : v.pairs()) open.push_back(value);
      if (!v.state().is_none()) open.push_back(v.state());
      if (is_module(v)) name(v);
    }
  }

 private:
  bool is_module(const Value& v) {
    if (v.kind() != Kind::object || !v.type_name().starts_with("__torch__.")) return false;
    const ScriptClass* c = code_.find(v.type_name());
    return c && c->is_module;
  }

  void name(const Value& module) {
    Members members;
    if (module.state().kind() == Kind::dict) {
      const ScriptClass& c = *code_.find(module.type_name());
      for (const auto& [name, value] : module.state().pairs())
        if (name.kind() == Kind::string) add(members, c, name.as_string(), value);
    } else if (module.state().kind() == Kind::tuple) {
      add_tuple(members, module.state().items());
    }
    members.add_scale();
    Value target = module;
    const auto insert = [&](const char* name, Value::Pairs pairs) {
      ValueBuilder::insert(target, name, Value::dict(std::move(pairs), "collections.OrderedDict"));
    };
    insert("_parameters", std::move(members.parameters));
    insert("_buffers", std::move(members.buffers));
    insert("_modules", std::move(members.modules));
  }

  void add(Members& members, const ScriptClass& c, const std::string& name, const Value& value) {
    if (c.parameters.count(name)) {
      members.parameters.emplace_back(name, value);
    } else if (is_any_tensor(value)) {
      const auto type = c.types.find(name);
      const bool is_tensor = type == c.types.end() || type->second == "Tensor";
      if (c.buffers ? c.buffers->count(name) > 0 : is_tensor) members.buffers.emplace_back(name, value);
    } else if (const auto held = packed_holder(value); !held.empty()) {
      members.add_packed("", held);
    } else if (const auto layer = packed(value); !layer.empty()) {
      members.add_packed(name == "_packed_params" ? "" : name + ".", layer);
    } else if (is_module(value)) {
      members.modules.emplace_back(name, value);
    } else if (name == "scale" && value.kind() == Kind::floating) {
      members.scale = value;
    } else if (name == "zero_point" && value.kind() == Kind::integer) {
      members.zero_point = value;
    }
  }

  // A quantized layer that saves itself as a tuple: (settings..., weight, bias, scale, zero point, training).
  static void add_tuple(Members& members, const Value::Items& state) {
    size_t at = 0;
    while (at < state.size() && state[at].kind() != Kind::quantized) ++at;
    if (at == state.size())  // or with plain numbers: (weight, bias, training, dtype)
      for (at = 0; at < state.size() && !is_weight(state[at]);) ++at;
    if (at == state.size()) return;
    members.add_packed("", {{"weight", state[at]}});
    if (at + 1 < state.size() && state[at + 1].kind() == Kind::tensor)
      members.add_packed("", {{"bias", state[at + 1]}});
    if (at + 3 < state.size() && state[at + 2].kind() == Kind::floating &&
        state[at + 3].kind() == Kind::integer)
      members.scale = state[at + 2], members.zero_point = state[at + 3];
  }

  ScriptCode& code_;
  std::unordered_set<const Value::Node*> seen_;
};

}  // namespace

void name_script_modules(const Value& root, ScriptCode& code) { Namer(code).run(root); }

}  // namespace sconce
