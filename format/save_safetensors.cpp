#include <sconce/safetensors.h>

#include "module_versions.h"
#include "number_copy.h"
#include "output_file.h"
#include "refuse_entry.h"
#include "safetensors_header.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

namespace sconce {
namespace {

struct Item {
  const std::string* key;
  const Tensor* tensor;
  const SafetensorsType* type;
  std::vector<int64_t> shape;  // as the header says it
  uint64_t nbytes;
};

// Packed bytes that once were read from a file of a dtype that PyTorch has not go back as what they were.
const SafetensorsType* packed_type(const Value& value, std::vector<int64_t>& shape) {
  const Value *name = value.attributes().find("safetensors_dtype"),
              *extents = value.attributes().find("safetensors_shape");
  if (!name || !extents || name->kind() != Value::Kind::string || extents->kind() != Value::Kind::size)
    return nullptr;
  const SafetensorsType* type = safetensors_type(name->as_string());
  if (!type || type->bits >= 8) return nullptr;
  std::vector<int64_t> wanted = extents->as_ints();
  if (std::any_of(wanted.begin(), wanted.end(), [](int64_t n) { return n < 0; })) return nullptr;
  if (safetensors_nbytes(*type, wanted) != static_cast<uint64_t>(value.as_tensor().nbytes())) return nullptr;
  shape = std::move(wanted);
  return type;
}

Item item_of(const StateDict::Entry& entry) {
  if (!entry.is_tensor())
    refuse_entry(
        "save_safetensors", ErrorKind::unsupported, entry.key,
        "the format holds plain tensors only, got " + entry.value.type_name() + "; leave the entry out");
  if (entry.key == safetensors_metadata_key)
    refuse_entry("save_safetensors", ErrorKind::invalid_argument, entry.key,
                 "the format keeps this name for its metadata");
  const Tensor& t = entry.tensor();
  if (!t.defined() || t.device() == meta)
    refuse_entry("save_safetensors", ErrorKind::unsupported, entry.key,
                 "expected a tensor with data, got one on device meta");
  Item out{&entry.key, &t, safetensors_type(t.dtype()), t.shape().extents(),
           static_cast<uint64_t>(t.nbytes())};
  if (t.dtype() == DType::u8)
    if (const SafetensorsType* packed = packed_type(entry.value, out.shape)) out.type = packed;
  if (!out.type)
    refuse_entry("save_safetensors", ErrorKind::unsupported, entry.key,
                 concat("safetensors has no dtype for ", name_of(t.dtype()), "; convert the tensor first"));
  if (t.dtype() == DType::f4_e2m1fn_x2) {
    if (out.shape.empty())
      refuse_entry("save_safetensors", ErrorKind::unsupported, entry.key,
                   "a float4_e2m1fn_x2 tensor without dimensions");
    out.shape.back() *= 2;
  }
  return out;
}

// Keys of tensors that use one storage; with ties = error they are refused. Empty tensors share nothing.
void refuse_shared(const std::vector<Item>& items) {
  std::unordered_map<const void*, const Item*> first;
  for (const Item& item : items) {
    if (item.nbytes == 0) continue;
    const auto [found, fresh] = first.emplace(item.tensor->storage().id(), &item);
    if (!fresh)
      refuse_entry("save_safetensors", ErrorKind::invalid_argument, *item.key,
                   "the tensors \"" + *found->second->key + "\" and \"" + *item.key +
                       "\" share memory; write them with ties = duplicate or drop_and_note");
  }
}

// Removes all but the first of the names for one view, and notes them. Items are in sorted order of their names.
void drop_ties(std::vector<Item>& items, std::map<std::string, std::string>& metadata) {
  std::unordered_map<const void*, std::vector<const Item*>> kept;
  std::vector<Item> out;
  out.reserve(items.size());  // `kept` points into it
  for (const Item& item : items) {
    auto& same_storage = kept[item.tensor->storage().id()];
    const auto tied = std::find_if(same_storage.begin(), same_storage.end(), [&](const Item* other) {
      return other->tensor->is_same_view(*item.tensor);
    });
    if (tied == same_storage.end() || item.nbytes == 0 || *item.key == "format" ||
        metadata.count(*item.key)) {
      out.push_back(item);
      same_storage.push_back(&out.back());
    } else {
      metadata[*item.key] = *(*tied)->key;
    }
  }
  items = std::move(out);
}

std::string header_text(const std::vector<Item>& items, const std::map<std::string, std::string>& metadata) {
  const std::string* key = nullptr;
  const auto quoted = [](const std::string& text) { return nlohmann::json(text).dump(); };
  try {
    std::string out = "{";
    if (!metadata.empty()) {
      out += '"' + std::string(safetensors_metadata_key) + "\":{";
      for (const auto& [name, text] : metadata) {
        key = &name;
        out += (out.back() == '{' ? "" : ",") + quoted(name) + ':' + quoted(text);
      }
      out += "}";
    }
    uint64_t at = 0;
    for (const Item& item : items) {
      key = item.key;
      out += (out.size() > 1 ? "," : "") + quoted(*item.key) + ":{\"dtype\":\"" +
             std::string(item.type->name) + "\",\"shape\":[";
      for (size_t d = 0; d < item.shape.size(); ++d) out += (d ? "," : "") + std::to_string(item.shape[d]);
      out += "],\"data_offsets\":[" + std::to_string(at) + ',' + std::to_string(at + item.nbytes) + "]}";
      at += item.nbytes;
    }
    out += '}';
    out.append((8 - out.size() % 8) % 8, ' ');
    if (out.size() > longest_safetensors_header)
      fail(ErrorKind::invalid_argument, "[save_safetensors] the header would have ", out.size(),
           " bytes, the format allows ", longest_safetensors_header);
    return out;
  } catch (const nlohmann::json::exception&) {
    refuse_entry("save_safetensors", ErrorKind::invalid_argument, Value(*key).repr(120),
                 "expected names and metadata in UTF-8");
  }
}

void write_numbers(OutputFile& out, const Tensor& tensor) {
  const Tensor dense = tensor.to(cpu).contiguous();
  const Bytes data(static_cast<const std::byte*>(dense.data()), static_cast<size_t>(dense.nbytes()));
  if (std::endian::native == std::endian::little || size_of(dense.dtype()) == 1) return out.write(data);
  const Storage swapped = Storage::allocate(data.size());
  copy_numbers(dense.dtype(), data, std::endian::little, swapped.data());
  out.write(bytes_of(swapped));
}

}  // namespace

void save_safetensors(const StateDict& state, const std::string& path, const SafetensorsOptions& options) {
  try {
    std::vector<Item> items;
    items.reserve(state.size());
    for (const StateDict::Entry& entry : state) items.push_back(item_of(entry));
    std::map<std::string, std::string> metadata = options.metadata;
    std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return *a.key < *b.key; });
    if (options.ties == SafetensorsTies::error) refuse_shared(items);
    if (options.ties == SafetensorsTies::drop_and_note) drop_ties(items, metadata);
    if (options.module_versions && !state.metadata().is_none())
      if (std::string text = module_versions_text(state.metadata()); !text.empty())
        metadata.emplace("_metadata", std::move(text));
    std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
      return safetensors_rank(*a.type) < safetensors_rank(*b.type);
    });

    const std::string header = header_text(items, metadata);
    std::byte length[8];
    for (size_t i = 0; i < 8; ++i) length[i] = static_cast<std::byte>(header.size() >> (8 * i));
    OutputFile out(path);
    out.write(length);
    out.write(bytes_of(header));
    for (const Item& item : items) {
      try {
        write_numbers(out, *item.tensor);
      } catch (Error& e) {
        throw e.at_key(*item.key);
      }
    }
    out.commit();
  } catch (Error& e) {
    throw e.in_file(path);
  }
}

}  // namespace sconce
