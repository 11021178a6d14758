// Activations and arithmetic on elements.
#include "cpu/engine/elementwise.h"
#include "cpu/isa_choice.h"
#include "cpu/plan/lower.h"
#include "cpu/plan/lower_arguments.h"

namespace sconce::plan {
namespace {

using engine::Image;
using engine::Spread;

bool lies_as_image(const Lowering& l, ValueId id) {
  const int64_t rank = l.shape(id).dim();
  if (rank < 3 || rank > 4 || l.place(id).is_constant()) return false;
  return l.image_in_place(l.place(id)) && !l.rows_in_place(l.place(id));
}

Laid laid(Lowering& l, ValueId id, bool image) { return image ? l.image(id) : l.rows(id); }

Laid result(Lowering& l, ValueId id, bool image, ValueId operand) {
  return image ? l.result_image(id, operand) : l.result_rows(id, operand);
}

// Rows as [first dimension][1][those between][last], so that one image's rows may serve all.
Image shaped(const Shape& s, bool image, int64_t pitch) {
  if (image) return {s[0], s.dim() > 3 ? s[-2] : 1, s[-1], s[1], pitch};
  const int64_t c = s.dim() == 0 ? 1 : s[-1], n = s.dim() > 2 ? s[0] : 1;
  return {n, 1, s.numel() / (c * n), c, pitch};
}

bool lower_activation(Lowering& l, const Node& node) {
  const auto activation = activation_named(activation_of(node));
  using isa::Unary;
  constexpr std::pair<const char*, Unary> known[] = {{"abs", Unary::abs},
                                                     {"neg", Unary::neg},
                                                     {"exp", Unary::exp},
                                                     {"sqrt", Unary::sqrt},
                                                     {"rsqrt", Unary::rsqrt},
                                                     {"square", Unary::square},
                                                     {"reciprocal", Unary::reciprocal}};
  std::optional<Unary> unary;
  for (const auto& [name, op] : known)
    if (node.op == concat("aten.", name, ".default")) unary = op;
  if (node.op == "aten.pow.Tensor_Scalar") {
    const double exponent = NodeArguments(node).number("exponent");
    if (exponent == 2) unary = Unary::square;
    if (exponent == 3) unary = Unary::cube;
    if (exponent == 0.5) unary = Unary::sqrt;
  }
  if (!activation && !unary) return false;
  const ValueId x = NodeArguments(node).value("self"), y = node.outputs[0];
  if (!l.is_f32(x) || !l.is_f32(y) || l.place(x).is_constant() || l.shape(x).dim() < 1) return false;
  const bool image = lies_as_image(l, x);
  const Laid in = laid(l, x, image), out = result(l, y, image, x);
  auto op = activation ? engine::make_activation(*activation, in.image, out.image, best_kernels())
                       : engine::make_unary(*unary, in.image, out.image, best_kernels());
  l.add(node, std::move(op), {in.slot}, {out.slot});
  return true;
}

struct Operand {
  Spread spread;
  Slot slot;
};

// How an operand of shape `s` broadcasts to the result; nullopt where no spread says it.
std::optional<Operand> operand_of(Lowering& l, ValueId id, const Shape& whole, bool image) {
  const Shape& s = l.shape(id);
  const Tensor& constant = constant_of(l.graph(), id);
  if (!l.is_f32(id) && !(constant.defined() && s.numel() == 1 && is_floating_point(constant.dtype())))
    return std::nullopt;
  if (s.numel() == 1) {
    if (constant.defined()) return Operand{Spread::of_number(constant.to(DType::f32).item<float>()), {}};
    if (l.is_outside(id)) return std::nullopt;
    return Operand{Spread::of_one(), l.slot_of(l.place(id))};
  }
  if (s == whole) {
    const Laid x = laid(l, id, image);
    return Operand{Spread::of(shaped(s, image, x.image.pitch)), x.slot};
  }
  // Aligned at the end, as broadcasting does.
  std::vector<int64_t> extents(static_cast<size_t>(whole.dim() - s.dim()), 1);
  extents.insert(extents.end(), s.begin(), s.end());
  const size_t channel = image ? 1 : extents.size() - 1;
  if (extents[channel] != whole[static_cast<int64_t>(channel)]) return std::nullopt;
  bool only_channels = true, only_first = true, all_but_first = extents[0] == 1;
  for (size_t d = 0; d < extents.size(); ++d) {
    if (d == channel) continue;
    only_channels = only_channels && extents[d] == 1;
    only_first = only_first && (d == 0 ? extents[d] == whole[0] : extents[d] == 1);
    if (d != 0) all_but_first = all_but_first && extents[d] == whole[static_cast<int64_t>(d)];
  }
  if (only_channels || (only_first && whole.dim() > 2)) {
    Laid x;
    if (constant.defined())
      x = l.constant_rows(constant.reshape({s.numel() / extents[channel], extents[channel]}));
    else if (s.dim() == whole.dim() || (only_channels && !image))
      x = laid(l, id, image);
    else
      return std::nullopt;
    return Operand{only_channels ? Spread::of_channels() : Spread::of_images(x.image.pitch), x.slot};
  }
  if (all_but_first && whole.dim() > 2 && (s.dim() == whole.dim() || !image)) {
    const Laid x = laid(l, id, image);
    Image pixels = shaped(whole, image, x.image.pitch);
    return Operand{Spread::of_pixels(pixels), x.slot};
  }
  return std::nullopt;
}

bool lower_binary(Lowering& l, const Node& node) {
  using isa::Binary;
  constexpr std::pair<const char*, Binary> known[] = {
      {"aten.add.Tensor", Binary::add},      {"aten.add.Scalar", Binary::add},
      {"aten.sub.Tensor", Binary::sub},      {"aten.sub.Scalar", Binary::sub},
      {"aten.mul.Tensor", Binary::mul},      {"aten.mul.Scalar", Binary::mul},
      {"aten.div.Tensor", Binary::div},      {"aten.div.Scalar", Binary::div},
      {"aten.maximum.default", Binary::max}, {"aten.minimum.default", Binary::min}};
  std::optional<Binary> op;
  for (const auto& [name, binary] : known)
    if (node.op == name) op = binary;
  const ValueId y = node.outputs[0];
  if (!op || !l.is_f32(y) || l.shape(y).dim() < 1) return false;
  const NodeArguments a(node);
  const ValueId first = a.value("self");
  const bool number = node.op.ends_with(".Scalar");
  const ValueId second = number ? no_value : a.value("other");
  const float alpha = a.is_none("alpha") ? 1.f : static_cast<float>(a.number("alpha"));
  const auto whole = [&](ValueId id) {
    return id != no_value && l.shape(id) == l.shape(y) && !l.place(id).is_constant();
  };
  const ValueId leader = whole(first) ? first : whole(second) ? second : no_value;
  if (leader == no_value) return false;
  const bool image = lies_as_image(l, leader);
  const auto lhs = operand_of(l, first, l.shape(y), image);
  std::optional<Operand> rhs;
  if (number)
    rhs = Operand{Spread::of_number(static_cast<float>(a.number("other"))), {}};
  else if (lhs)
    rhs = operand_of(l, second, l.shape(y), image);
  if (!lhs || !rhs || (lhs->spread.is_number && rhs->spread.is_number)) return false;
  // An operand may give its memory unless the other one reads the same memory in another order.
  const bool apart = number || first == second || !l.shares(first, second);
  const Laid out = result(l, y, image, apart ? leader : no_value);
  l.add(node,
        engine::make_binary(*op, lhs->spread, rhs->spread, alpha, shaped(l.shape(y), image, out.image.pitch),
                            activation_behind(node), best_kernels()),
        {lhs->slot, rhs->slot}, {out.slot});
  return true;
}

}  // namespace

bool lower_elementwise(Lowering& l, const Node& node) {
  return lower_activation(l, node) || lower_binary(l, node);
}

}  // namespace sconce::plan
