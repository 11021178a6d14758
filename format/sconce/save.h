// Writing checkpoints that torch.load reads.
#pragma once
#include <sconce/state_dict.h>

#include <cstdint>
#include <string>

namespace sconce {

struct SaveOptions {
  // torch.save writes a tensor's whole storage, though the tensor be one row of it. With `compact` only the
  // elements that tensors reach are written: views that overlap stay views of one storage, those that do not
  // part, and a lone view with gaps (a column) becomes dense, so that its strides change. Values never do.
  bool compact = false;
  // The bytes of each storage begin at a multiple of this in the file: a power of two from 16 to 32768.
  uint32_t alignment = 64;
};

// Writes `value` as torch.save of PyTorch 2.15 does, so that torch.load(path, weights_only=True), with or
// without mmap=True, gives the same: dictionaries in order with their `_metadata`, aliases, ties, views, strides
// and dtypes. The same value gives the same bytes. Storages are read as they are written, one after the other
// (deferred ones checked against their CRC-32), and never all held at once; the tensors may come from the very file that
// is replaced. `path` names the old file or the new one, whole, whatever happens in between, a kill or a full disk.
// Throws ErrorKind::io with the system's words; ErrorKind::unsupported, with the path of the value, for what
// torch.load(weights_only=True) would not take (objects of unknown classes, integers past 255 bytes, a tuple
// that contains itself) and ErrorKind::invalid_argument for what Python could not hold (text that is no UTF-8,
// a list as a key). A defaultdict or a frozenset is written as
// one, and needs weights_only=False.
void save(const Value& value, const std::string& path, const SaveOptions& options = {});
// The same of an OrderedDict with the state's metadata, as torch.save(module.state_dict(), path).
void save(const StateDict& state, const std::string& path, const SaveOptions& options = {});

}  // namespace sconce
