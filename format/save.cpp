// torch.save: the records of the archive, in PyTorch's order.
#include <sconce/save.h>

#include "output_file.h"
#include "tree_pickle.h"
#include "zip_writer.h"

#include <algorithm>
#include <bit>
#include <string_view>

namespace sconce {
namespace {

constexpr int64_t gathered_at_once = int64_t{1} << 26;  // bytes of a view that are copied together

// The root folder, as PyTorch names it: the file's name without its last extension. A path that is not ASCII,
// and a name that would leave nothing (".hidden"), get the name that files without a path have.
std::string root_folder(std::string_view path) {
  for (const char c : path)
    if (static_cast<unsigned char>(c) >= 0x80) return "archive";
  if (const size_t slash = path.find_last_of("/\\"); slash != std::string_view::npos)
    path.remove_prefix(slash + 1);
  if (const size_t dot = path.rfind('.'); dot != std::string_view::npos) path = path.substr(0, dot);
  return path.empty() ? "archive" : std::string(path);
}

// The elements in row-major order, a part of them at a time.
void write_elements(ZipWriter& zip, const Tensor& view) {
  if (view.nbytes() <= gathered_at_once) {
    const Tensor dense = view.contiguous();
    zip.write({static_cast<const std::byte*>(dense.data()), static_cast<size_t>(dense.nbytes())});
    return;
  }
  int64_t widest = 0;
  while (view.size(widest) == 1) ++widest;
  for (int64_t i = 0, step = 0; i < view.size(widest); i += step) {
    step = std::max<int64_t>(1, gathered_at_once / (view.nbytes() / view.size(widest)));
    write_elements(zip, view.slice(widest, i, std::min(view.size(widest), i + step)));
  }
}

void write_content(ZipWriter& zip, const SavedRecord& record) {
  if (record.size == 0) return;
  Storage storage = record.storage;
  if (storage.device() != cpu)  // all of it, as bytes
    storage = Tensor(storage, DType::u8, Shape{static_cast<int64_t>(storage.nbytes())}).to(cpu).storage();
  if (!record.gathered.defined()) return zip.write(bytes_of(storage).subspan(record.begin, record.size));
  const Tensor& view = record.gathered;
  write_elements(zip, Tensor(storage, view.dtype(), view.shape(), view.strides(), view.storage_offset()));
}

}  // namespace

void save(const Value& value, const std::string& path, const SaveOptions& options) {
  check(std::has_single_bit(options.alignment) && options.alignment >= 16 && options.alignment <= 32768,
        "[save] expected an alignment that is a power of two from 16 to 32768, got ", options.alignment);
  try {
    StoragePlan plan(options.compact);
    const std::string program = pickle_tree(value, plan);
    OutputFile file(path);
    ZipWriter zip([&](Bytes bytes) { file.write(bytes); }, root_folder(path), options.alignment);
    const auto add = [&](std::string_view name, std::string_view text) { zip.add(name, bytes_of(text)); };
    add("data.pkl", program);
    add(".format_version", "1");
    add(".storage_alignment", std::to_string(options.alignment));
    add("byteorder", std::endian::native == std::endian::little ? "little" : "big");
    for (size_t key = 0; key < plan.records().size(); ++key) {
      const SavedRecord& record = plan.records()[key];
      zip.begin("data/" + std::to_string(key), record.size);
      write_content(zip, record);
      zip.end();
    }
    add("version", "3\n");
    add(".data/serialization_id", zip.content_id());
    zip.finish();
    file.commit();
  } catch (Error& e) {
    throw e.in_file(path);
  }
}

void save(const StateDict& state, const std::string& path, const SaveOptions& options) {
  save(state.to_value(), path, options);
}

}  // namespace sconce
