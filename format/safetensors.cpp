// safetensors as a checkpoint: an ordered dictionary of tensors over the mapped file.
#include "container.h"
#include "file_storage.h"
#include "module_versions.h"
#include "safetensors_header.h"

#include <unordered_map>

namespace sconce {
namespace {

// What the format's dtypes without a counterpart become: their packed bytes, with the truth as attributes.
Value packed_bytes(Storage storage, const SafetensorsEntry& entry) {
  const auto nbytes = static_cast<int64_t>(entry.end - entry.begin);
  return Value(Tensor(std::move(storage), DType::u8, Shape{nbytes}))
      .with_attributes(Value::dict({{Value("safetensors_dtype"), Value(std::string(entry.type->name))},
                                    {Value("safetensors_shape"), Value::size(entry.shape)}}));
}

Value tensor_of(const FileStorages& storages, const SafetensorsEntry& entry) {
  const bool pairs = entry.type->dtype == DType::f4_e2m1fn_x2;
  // Two to a byte, as torch.float4_e2m1fn_x2 has them, where the last extent is even.
  const bool whole = !pairs || (!entry.shape.empty() && entry.shape.back() % 2 == 0);
  const bool plain = entry.type->dtype && whole;
  FilePart part;
  part.offset = entry.begin;
  part.nbytes = entry.end - entry.begin;
  part.dtype = plain ? *entry.type->dtype : DType::u8;
  part.key = entry.name;
  Storage storage = storages.open(part);
  if (!plain) return packed_bytes(std::move(storage), entry);
  std::vector<int64_t> shape = entry.shape;
  if (pairs) shape.back() /= 2;
  return Tensor(std::move(storage), part.dtype, Shape(shape));
}

// Names that were dropped for a tie: {"lm_head.weight": "wte.weight"}, where only the second is a tensor.
void add_noted_ties(const SafetensorsHeader& header, Value::Pairs& pairs) {
  std::unordered_map<std::string_view, size_t> places;
  for (size_t i = 0; i < header.entries.size(); ++i) places.emplace(header.entries[i].name, i);
  for (const auto& [name, kept] : header.metadata) {
    if (name == "format" || places.count(name)) continue;
    if (const auto found = places.find(kept); found != places.end())
      pairs.emplace_back(Value(name), pairs[found->second].second);
  }
}

}  // namespace

ReadTree read_safetensors(const std::shared_ptr<MappedFile>& file, const LoadOptions& options) {
  const SafetensorsHeader header = read_safetensors_header(file->bytes(), options.profile, options.budget);
  const FileStorages storages(file, options);
  ReadTree out;
  out.warnings = header.warnings;
  Value::Pairs pairs;
  pairs.reserve(header.entries.size());
  for (const SafetensorsEntry& entry : header.entries) {
    pairs.emplace_back(Value(entry.name), tensor_of(storages, entry));
    out.locations.add(pairs.back().second.as_tensor().storage().id(), "cpu");
  }
  add_noted_ties(header, pairs);
  out.root = Value::dict(std::move(pairs), "collections.OrderedDict");
  if (header.metadata.empty()) return out;

  Value::Pairs metadata, attributes;
  for (const auto& [name, text] : header.metadata) {
    metadata.emplace_back(Value(name), Value(text));
    if (name != "_metadata") continue;
    Value versions = module_versions_from(text);
    if (!versions.is_none()) attributes.emplace_back(Value(name), std::move(versions));
  }
  attributes.emplace_back(Value(safetensors_metadata_key), Value::dict(std::move(metadata)));
  out.root = out.root.with_attributes(Value::dict(std::move(attributes)));
  return out;
}

}  // namespace sconce
