#include <sconce/nn/activation.h>
#include <sconce/nn/conv.h>
#include <sconce/nn/dropout.h>
#include <sconce/nn/linear.h>
#include <sconce/nn/norm.h>
#include <sconce/nn/pad.h>
#include <sconce/nn/parse.h>
#include <sconce/nn/pool.h>

#include <functional>

#include "expression.h"

namespace sconce::nn {
namespace {

// The arguments of one call under their names.
class Arguments {
 public:
  // `names` is the signature, in order, separated by blanks.
  Arguments(const Expression& e, std::string_view names) : call_(*e.call()), column_(e.column) {
    while (!names.empty()) {
      const size_t blank = names.find(' ');
      names_.emplace_back(names.substr(0, blank));
      names.remove_prefix(blank == std::string_view::npos ? names.size() : blank + 1);
    }
    values_.assign(names_.size(), nullptr);
    if (!call_.entries.empty()) fail_at(column_, call_.name + " has no children");
    size_t position = 0;
    for (const auto& [name, value] : call_.arguments) {
      size_t i = position++;
      if (!name.empty())
        for (i = 0; i < names_.size() && names_[i] != name;) ++i;
      if (i >= names_.size())
        fail_at(value.column, name.empty()
                                  ? call_.name + " takes " + std::to_string(names_.size()) +
                                        " arguments but more were given"
                                  : call_.name + " got an unexpected keyword argument '" + name + "'");
      if (values_[i])
        fail_at(value.column, call_.name + " got multiple values for argument '" + names_[i] + "'");
      values_[i] = &value;
    }
  }

  bool given(std::string_view name) const {
    return find(name) != nullptr && !find(name)->as<std::monostate>();
  }

  bool none(std::string_view name) const { return find(name) && find(name)->as<std::monostate>(); }

  int64_t integer(std::string_view name) const {
    const Expression& e = required(name);
    if (const auto* i = e.as<int64_t>()) return *i;
    if (const auto* list = e.as<Expression::List>();
        list && list->size() == 1)  // Conv1d prints kernel_size=(3,)
      if (const auto* i = list->front().as<int64_t>()) return *i;
    wrong(name, "an integer");
  }
  int64_t integer(std::string_view name, int64_t otherwise) const {
    return given(name) ? integer(name) : otherwise;
  }

  double number(std::string_view name, double otherwise) const {
    if (!given(name)) return otherwise;
    if (const auto* d = find(name)->as<double>()) return *d;
    if (const auto* i = find(name)->as<int64_t>()) return static_cast<double>(*i);
    wrong(name, "a number");
  }

  bool flag(std::string_view name, bool otherwise) const {
    if (!given(name)) return otherwise;
    if (const auto* b = find(name)->as<bool>()) return *b;
    wrong(name, "True or False");
  }

  std::string word(std::string_view name, const std::string& otherwise) const {
    if (!given(name)) return otherwise;
    if (const auto* s = find(name)->as<std::string>()) return *s;
    wrong(name, "a string");
  }

  std::vector<int64_t> integers(std::string_view name) const {
    std::vector<int64_t> out;
    if (const auto* list = required(name).as<Expression::List>()) {
      for (const auto& item : *list) {
        if (!item.as<int64_t>()) wrong(name, "integers");
        out.push_back(*item.as<int64_t>());
      }
    } else {
      out.push_back(integer(name));
    }
    return out;
  }

  Pair pair(std::string_view name) const {
    const std::vector<int64_t> n = integers(name);
    if (!find(name)->as<Expression::List>()) return Pair(n[0]);
    if (n.size() == 1) return Pair(n[0]);
    if (n.size() != 2) wrong(name, "one integer or two");
    return {n[0], n[1]};
  }
  Pair pair(std::string_view name, Pair otherwise) const { return given(name) ? pair(name) : otherwise; }

  // A pair in which None leaves an extent open.
  Pair open_pair(std::string_view name) const {
    const auto* list = required(name).as<Expression::List>();
    if (!list || list->size() != 2) return pair(name);
    Pair out(Pair::unset, Pair::unset);
    for (size_t i = 0; i < 2; ++i) {
      if ((*list)[i].as<std::monostate>()) continue;
      if (!(*list)[i].as<int64_t>()) wrong(name, "integers or None");
      (i == 0 ? out.height : out.width) = *(*list)[i].as<int64_t>();
    }
    return out;
  }

  ConvPadding padding(std::string_view name) const {
    if (!given(name)) return 0;
    if (const auto* s = find(name)->as<std::string>()) return *s;
    return integers(name);
  }

  ImagePadding image_padding(std::string_view name) const {
    const std::vector<int64_t> n = integers(name);
    if (n.size() == 1) return ImagePadding(n[0]);
    if (n.size() != 4) wrong(name, "one integer or four");
    return {n[0], n[1], n[2], n[3]};
  }

  PaddingMode padding_mode() const {
    const std::string mode = word("padding_mode", "zeros");
    for (const PaddingMode m :
         {PaddingMode::zeros, PaddingMode::reflect, PaddingMode::replicate, PaddingMode::circular})
      if (mode == to_string(m)) return m;
    wrong("padding_mode", "'zeros', 'reflect', 'replicate' or 'circular'");
  }

 private:
  const Expression* find(std::string_view name) const {
    for (size_t i = 0; i < names_.size(); ++i)
      if (names_[i] == name) return values_[i];
    return nullptr;
  }
  const Expression& required(std::string_view name) const {
    if (!find(name)) fail_at(column_, call_.name + " is missing the argument '" + std::string(name) + "'");
    return *find(name);
  }
  [[noreturn]] void wrong(std::string_view name, const std::string& expected) const {
    fail_at(required(name).column, call_.name + " expected " + expected + " for '" + std::string(name) + "'");
  }

  const Call& call_;
  size_t column_;
  std::vector<std::string> names_;
  std::vector<const Expression*> values_;
};

template <class M>
std::unique_ptr<Module> boxed(M module) {
  return std::make_unique<M>(std::move(module));
}

// A layer without arguments, one with `inplace`, one with `p` and `inplace`.
template <class M>
std::unique_ptr<Module> plain(const Arguments&) {
  return std::make_unique<M>();
}
template <class M>
std::unique_ptr<Module> inplace(const Arguments& a) {
  return boxed(M(a.flag("inplace", false)));
}
template <class M>
std::unique_ptr<Module> dropout(const Arguments& a) {
  return boxed(M(a.number("p", 0.5), a.flag("inplace", false)));
}
template <class M>
std::unique_ptr<Module> along_dim(const Arguments& a) {
  return a.given("dim") ? boxed(M(a.integer("dim"))) : boxed(M());
}
template <class M>
std::unique_ptr<Module> image_pad(const Arguments& a) {
  return boxed(M(a.image_padding("padding")));
}

template <class M>
std::unique_ptr<Module> batch_norm_layer(const Arguments& a) {
  BatchNormOptions o{.eps = a.number("eps", 1e-5),
                     .affine = a.flag("affine", true),
                     .track_running_stats = a.flag("track_running_stats", true),
                     .bias = a.flag("bias", true)};
  if (a.none("momentum"))
    o.momentum.reset();
  else
    o.momentum = a.number("momentum", 0.1);
  return boxed(M(a.integer("num_features"), o));
}

struct Constructor {
  const char* name;
  const char* signature;  // argument names, in PyTorch's order
  std::unique_ptr<Module> (*make)(const Arguments&);
};

const Constructor constructors[] = {
    {"Linear", "in_features out_features bias",
     [](const Arguments& a) {
       return boxed(
           Linear(a.integer("in_features"), a.integer("out_features"), {.bias = a.flag("bias", true)}));
     }},
    {"Conv2d", "in_channels out_channels kernel_size stride padding dilation groups bias padding_mode",
     [](const Arguments& a) {
       return boxed(Conv2d(a.integer("in_channels"), a.integer("out_channels"), a.pair("kernel_size"),
                           {.stride = a.pair("stride", 1),
                            .padding = a.padding("padding"),
                            .dilation = a.pair("dilation", 1),
                            .groups = a.integer("groups", 1),
                            .bias = a.flag("bias", true),
                            .padding_mode = a.padding_mode()}));
     }},
    {"Conv1d", "in_channels out_channels kernel_size stride padding dilation groups bias padding_mode",
     [](const Arguments& a) {
       return boxed(Conv1d(a.integer("in_channels"), a.integer("out_channels"), a.integer("kernel_size"),
                           {.stride = a.integer("stride", 1),
                            .padding = a.padding("padding"),
                            .dilation = a.integer("dilation", 1),
                            .groups = a.integer("groups", 1),
                            .bias = a.flag("bias", true),
                            .padding_mode = a.padding_mode()}));
     }},
    {"BatchNorm1d", "num_features eps momentum affine track_running_stats bias",
     batch_norm_layer<BatchNorm1d>},
    {"BatchNorm2d", "num_features eps momentum affine track_running_stats bias",
     batch_norm_layer<BatchNorm2d>},
    {"LayerNorm", "normalized_shape eps elementwise_affine bias",
     [](const Arguments& a) {
       return boxed(LayerNorm(a.integers("normalized_shape"),
                              {.eps = a.number("eps", 1e-5),
                               .elementwise_affine = a.flag("elementwise_affine", true),
                               .bias = a.flag("bias", true)}));
     }},
    {"GroupNorm", "num_groups num_channels eps affine bias",
     [](const Arguments& a) {
       return boxed(GroupNorm(
           a.integer("num_groups"), a.integer("num_channels"),
           {.eps = a.number("eps", 1e-5), .affine = a.flag("affine", true), .bias = a.flag("bias", true)}));
     }},
    {"MaxPool2d", "kernel_size stride padding dilation return_indices ceil_mode",
     [](const Arguments& a) {
       check(!a.flag("return_indices", false),
             "[module_from] MaxPool2d with return_indices gives two results, which a Sequential cannot take");
       return boxed(MaxPool2d(a.pair("kernel_size"), {.stride = a.pair("stride", {}),
                                                      .padding = a.pair("padding", 0),
                                                      .dilation = a.pair("dilation", 1),
                                                      .ceil_mode = a.flag("ceil_mode", false)}));
     }},
    {"AvgPool2d", "kernel_size stride padding ceil_mode count_include_pad divisor_override",
     [](const Arguments& a) {
       AvgPool2dOptions o{.stride = a.pair("stride", {}),
                          .padding = a.pair("padding", 0),
                          .ceil_mode = a.flag("ceil_mode", false),
                          .count_include_pad = a.flag("count_include_pad", true)};
       if (a.given("divisor_override")) o.divisor_override = a.integer("divisor_override");
       return boxed(AvgPool2d(a.pair("kernel_size"), o));
     }},
    {"AdaptiveAvgPool2d", "output_size",
     [](const Arguments& a) { return boxed(AdaptiveAvgPool2d(a.open_pair("output_size"))); }},
    {"AdaptiveMaxPool2d", "output_size",
     [](const Arguments& a) { return boxed(AdaptiveMaxPool2d(a.open_pair("output_size"))); }},
    {"Flatten", "start_dim end_dim",
     [](const Arguments& a) { return boxed(Flatten(a.integer("start_dim", 1), a.integer("end_dim", -1))); }},
    {"Unflatten", "dim unflattened_size",
     [](const Arguments& a) { return boxed(Unflatten(a.integer("dim"), a.integers("unflattened_size"))); }},
    {"Identity", "", plain<Identity>},
    {"Dropout", "p inplace", dropout<Dropout>},
    {"Dropout1d", "p inplace", dropout<Dropout1d>},
    {"Dropout2d", "p inplace", dropout<Dropout2d>},
    {"AlphaDropout", "p inplace", dropout<AlphaDropout>},
    {"ReLU", "inplace", inplace<ReLU>},
    {"ReLU6", "inplace", inplace<ReLU6>},
    {"SiLU", "inplace", inplace<SiLU>},
    {"Hardswish", "inplace", inplace<Hardswish>},
    {"Hardsigmoid", "inplace", inplace<Hardsigmoid>},
    {"Mish", "inplace", inplace<Mish>},
    {"Sigmoid", "", plain<Sigmoid>},
    {"Tanh", "", plain<Tanh>},
    {"LogSigmoid", "", plain<LogSigmoid>},
    {"LeakyReLU", "negative_slope inplace",
     [](const Arguments& a) {
       return boxed(LeakyReLU(a.number("negative_slope", 0.01), a.flag("inplace", false)));
     }},
    {"ELU", "alpha inplace",
     [](const Arguments& a) { return boxed(ELU(a.number("alpha", 1.0), a.flag("inplace", false))); }},
    {"GELU", "approximate", [](const Arguments& a) { return boxed(GELU(a.word("approximate", "none"))); }},
    {"Softplus", "beta threshold",
     [](const Arguments& a) { return boxed(Softplus(a.number("beta", 1.0), a.number("threshold", 20.0))); }},
    {"Softmax", "dim", along_dim<Softmax>},
    {"LogSoftmax", "dim", along_dim<LogSoftmax>},
    {"ZeroPad2d", "padding", image_pad<ZeroPad2d>},
    {"ReflectionPad2d", "padding", image_pad<ReflectionPad2d>},
    {"ReplicationPad2d", "padding", image_pad<ReplicationPad2d>},
    {"ConstantPad2d", "padding value",
     [](const Arguments& a) {
       return boxed(ConstantPad2d(a.image_padding("padding"), a.number("value", 0.0)));
     }},
    {"Upsample", "size scale_factor mode align_corners",
     [](const Arguments& a) {
       UpsampleOptions o{.size = a.pair("size", {}), .mode = a.word("mode", "nearest")};
       if (a.given("scale_factor")) o.scale_factor = a.number("scale_factor", 0.0);
       if (a.given("align_corners")) o.align_corners = a.flag("align_corners", false);
       return boxed(Upsample(o));
     }},
};

std::unique_ptr<Module> build(const Expression& e);

Sequential build_sequential(const Expression& e) {
  const auto& call = *e.call();
  Sequential out;
  // OrderedDict([("name", layer), ...])
  const auto* dict = call.arguments.size() == 1 ? call.arguments[0].second.call() : nullptr;
  if (dict && dict->name == "OrderedDict") {
    const auto* items =
        dict->arguments.size() == 1 ? dict->arguments[0].second.as<Expression::List>() : nullptr;
    if (!items) fail_at(e.column, "expected OrderedDict([(\"name\", layer), ...])");
    for (const auto& item : *items) {
      const auto* both = item.as<Expression::List>();
      if (!both || both->size() != 2 || !(*both)[0].as<std::string>())
        fail_at(item.column, "expected (\"name\", layer)");
      out.push_back(*(*both)[0].as<std::string>(), build((*both)[1]));
    }
    return out;
  }
  for (const auto& [name, value] : call.arguments) {
    if (!name.empty()) fail_at(value.column, "Sequential got an unexpected keyword argument '" + name + "'");
    out.push_back(build(value));
  }
  for (const auto& [name, value] : call.entries) out.push_back(name, build(value));
  return out;
}

std::unique_ptr<Module> build(const Expression& e) {
  const auto* call = e.call();
  if (!call) fail_at(e.column, "expected a layer, such as ReLU(),");
  if (call->name == "Sequential") return boxed(build_sequential(e));
  for (const auto& c : constructors)
    if (call->name == c.name) return c.make(Arguments(e, c.signature));
  std::string known;
  for (const auto& c : constructors) known += std::string(known.empty() ? "" : ", ") + c.name;
  fail_at(e.column, "unknown layer \"" + call->name + "\" (known: Sequential, " + known + ")");
}

}  // namespace

std::unique_ptr<Module> module_from(std::string_view expression) {
  return build(parse_expression(expression));
}

Sequential sequential_from(std::string_view expression) {
  const Expression e = parse_expression(expression);
  const auto* call = e.call();
  if (call && call->name == "Sequential") return build_sequential(e);
  Sequential out;
  out.push_back(build(e));
  return out;
}

}  // namespace sconce::nn
