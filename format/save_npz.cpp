#include <sconce/npy.h>

#include "npy_header.h"
#include "number_copy.h"
#include "output_file.h"
#include "refuse_entry.h"
#include "zip_writer.h"

namespace sconce {
namespace {

constexpr uint32_t alignment = 64;
constexpr size_t longest_name = 60'000;  // an archive counts a name's bytes in 16 bits

void check_entry(const StateDict::Entry& entry) {
  if (!entry.is_tensor())
    refuse_entry(
        "save_npz", ErrorKind::unsupported, entry.key,
        "NumPy's archives hold plain arrays only, got " + entry.value.type_name() + "; leave the entry out");
  if (!entry.tensor().defined() || entry.tensor().device() == meta)
    refuse_entry("save_npz", ErrorKind::unsupported, entry.key,
                 "expected a tensor with data, got one on device meta");
  if (entry.key.size() > longest_name || entry.key.find('\0') != std::string::npos)
    refuse_entry("save_npz", ErrorKind::invalid_argument, entry.key.substr(0, 100),
                 "expected a name without zero bytes and not so long");
}

}  // namespace

void save_npz(const StateDict& state, const std::string& path) {
  try {
    check(!state.empty(), "[save_npz] expected at least one tensor");
    std::vector<std::string> headers;
    for (const StateDict::Entry& entry : state) {
      check_entry(entry);
      try {
        headers.push_back(npy_header_text(entry.tensor().dtype(), entry.tensor().shape().extents()));
      } catch (Error& e) {
        throw e.at_key(entry.key);
      }
    }
    OutputFile file(path);
    ZipWriter zip([&](Bytes bytes) { file.write(bytes); }, "", alignment);
    for (size_t i = 0; i < headers.size(); ++i) {
      const StateDict::Entry& entry = state.entries()[i];
      try {
        const Tensor dense = entry.tensor().to(cpu).contiguous();
        const Bytes data(static_cast<const std::byte*>(dense.data()), static_cast<size_t>(dense.nbytes()));
        zip.begin(entry.key + ".npy", headers[i].size() + data.size());
        zip.write(bytes_of(headers[i]));
        if constexpr (std::endian::native == std::endian::little) {
          zip.write(data);
        } else {
          const Storage swapped = Storage::allocate(data.size());
          copy_numbers(dense.dtype(), data, std::endian::little, swapped.data());
          zip.write(bytes_of(swapped));
        }
        zip.end();
      } catch (Error& e) {
        throw e.at_key(entry.key);
      }
    }
    zip.finish();
    file.commit();
  } catch (Error& e) {
    throw e.in_file(path);
  }
}

}  // namespace sconce
