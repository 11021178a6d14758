// Names that do no harm: PyTorch's default allow-list, and what only builds data.
#include "scan_names.h"

#include <algorithm>
#include <array>
#include <unordered_set>

namespace sconce {
namespace {

using Names = std::unordered_set<std::string_view>;

// torch._weights_only_unpickler's list of PyTorch 2.15, dtypes, storages and tensor classes apart.
bool is_allowed_function(std::string_view full) {
  static const Names names = {"_codecs.encode",
                              "builtins.bytearray",
                              "builtins.complex",
                              "builtins.set",
                              "collections.Counter",
                              "collections.OrderedDict",
                              "torch.Size",
                              "torch.Tensor",
                              "torch._tensor._rebuild_from_type_v2",
                              "torch._utils._rebuild_device_tensor_from_cpu_tensor",
                              "torch._utils._rebuild_device_tensor_from_numpy",
                              "torch._utils._rebuild_meta_tensor_no_storage",
                              "torch._utils._rebuild_parameter",
                              "torch._utils._rebuild_parameter_with_state",
                              "torch._utils._rebuild_qtensor",
                              "torch._utils._rebuild_sparse_tensor",
                              "torch._utils._rebuild_tensor",
                              "torch._utils._rebuild_tensor_v2",
                              "torch._utils._rebuild_tensor_v3",
                              "torch._utils._rebuild_wrapper_subclass",
                              "torch.device",
                              "torch.nn.parameter.Parameter",
                              "torch.serialization._get_layout",
                              "torch.storage.TypedStorage",
                              "torch.storage.UntypedStorage"};
  return names.count(full) != 0;
}

bool is_torch_dtype_or_scheme(std::string_view name) {
  static const Names names = {"bcomplex32",
                              "bfloat16",
                              "bits16",
                              "bits1x8",
                              "bits2x4",
                              "bits4x2",
                              "bits8",
                              "bool",
                              "complex128",
                              "complex32",
                              "complex64",
                              "float16",
                              "float32",
                              "float4_e2m1fn_x2",
                              "float64",
                              "float8_e4m3fn",
                              "float8_e4m3fnuz",
                              "float8_e5m2",
                              "float8_e5m2fnuz",
                              "float8_e8m0fnu",
                              "int1",
                              "int16",
                              "int2",
                              "int3",
                              "int32",
                              "int4",
                              "int5",
                              "int6",
                              "int64",
                              "int7",
                              "int8",
                              "per_channel_affine",
                              "per_channel_affine_float_qparams",
                              "per_channel_symmetric",
                              "per_tensor_affine",
                              "per_tensor_symmetric",
                              "qint32",
                              "qint8",
                              "quint2x4",
                              "quint4x2",
                              "quint8",
                              "uint1",
                              "uint16",
                              "uint2",
                              "uint3",
                              "uint32",
                              "uint4",
                              "uint5",
                              "uint6",
                              "uint64",
                              "uint7",
                              "uint8"};
  return names.count(name) != 0;
}

// torch.FloatStorage, torch.cuda.HalfTensor, torch.sparse.LongTensor, torch.cuda.sparse.ByteTensor.
bool is_tensor_or_storage_class(std::string_view module, std::string_view name) {
  static const Names real = {"BFloat16", "Byte", "Char", "Double", "Float", "Half", "Int", "Long", "Short"};
  static const Names complex = {"ComplexDouble", "ComplexFloat"};
  static const Names quantized = {"QInt32", "QInt8", "QUInt2x4", "QUInt4x2", "QUInt8"};
  const auto element = [&](std::string_view suffix) {
    return name.size() > suffix.size() && name.substr(name.size() - suffix.size()) == suffix
               ? name.substr(0, name.size() - suffix.size())
               : std::string_view{};
  };
  const bool dense = module == "torch" || module == "torch.cuda";
  if (const std::string_view e = element("Storage"); dense && !e.empty())
    return real.count(e) || e == "Bool" || complex.count(e) || (module == "torch" && quantized.count(e));
  if (const std::string_view e = element("Tensor"); !e.empty()) {
    if (dense) return real.count(e) || e == "Bool";
    return (module == "torch.sparse" || module == "torch.cuda.sparse") && real.count(e);
  }
  return false;
}

}  // namespace

bool is_allowed_name(std::string_view module, std::string_view name, std::string_view full) {
  return is_allowed_function(full) || (module == "torch" && is_torch_dtype_or_scheme(name)) ||
         is_tensor_or_storage_class(module, name);
}

bool is_inert_name(std::string_view module, std::string_view full) {
  static const Names names = {"argparse.Namespace",
                              "builtins.bool",
                              "builtins.bytes",
                              "builtins.dict",
                              "builtins.float",
                              "builtins.frozenset",
                              "builtins.int",
                              "builtins.list",
                              "builtins.object",
                              "builtins.range",
                              "builtins.slice",
                              "builtins.str",
                              "builtins.tuple",
                              "collections.ChainMap",
                              "collections.UserDict",
                              "collections.UserList",
                              "collections.defaultdict",
                              "collections.deque",
                              "copyreg.__newobj__",
                              "copyreg._reconstructor",
                              "datetime.date",
                              "datetime.datetime",
                              "datetime.time",
                              "datetime.timedelta",
                              "datetime.timezone",
                              "decimal.Decimal",
                              "fractions.Fraction",
                              "functools.partial",
                              "numpy._core.multiarray._reconstruct",
                              "numpy._core.multiarray.scalar",
                              "numpy._core.numeric._frombuffer",
                              "numpy.bool_",
                              "numpy.core.multiarray._reconstruct",
                              "numpy.core.multiarray.scalar",
                              "numpy.core.numeric._frombuffer",
                              "numpy.dtype",
                              "numpy.float16",
                              "numpy.float32",
                              "numpy.float64",
                              "numpy.int16",
                              "numpy.int32",
                              "numpy.int64",
                              "numpy.int8",
                              "numpy.ndarray",
                              "numpy.uint16",
                              "numpy.uint32",
                              "numpy.uint64",
                              "numpy.uint8",
                              "pathlib.Path",
                              "pathlib.PosixPath",
                              "pathlib.PurePath",
                              "pathlib.PurePosixPath",
                              "pathlib.PureWindowsPath",
                              "pathlib.WindowsPath",
                              "pathlib._local.PosixPath",
                              "pathlib._local.WindowsPath",
                              "torch._tensor._rebuild_from_type",
                              "torch._utils._rebuild_nested_tensor",
                              "torch._utils._rebuild_parameter_v2",
                              "torch._utils._rebuild_xla_tensor",
                              "torch.autograd.variable.Variable",
                              "torch.channels_last",
                              "torch.contiguous_format",
                              "torch.nn.parameter.Buffer",
                              "torch.preserve_format",
                              "torch.storage._TypedStorage",
                              "torch.storage._UntypedStorage",
                              "torch.strided",
                              "torch.tensor._rebuild_from_type",
                              "torch.tensor._rebuild_from_type_v2",
                              "types.SimpleNamespace",
                              "uuid.SafeUUID",
                              "uuid.UUID"};
  if (names.count(full)) return true;
  // Numpy's dtype classes, and names that only TorchScript itself resolves: a class of the archive's own code.
  return module == "numpy.dtypes" || module == "__torch__" || module.substr(0, 10) == "__torch__." ||
         full == "torch.jit._pickle.build_intlist" || full == "torch.jit._pickle.build_doublelist" ||
         full == "torch.jit._pickle.build_boollist" || full == "torch.jit._pickle.build_tensorlist" ||
         full == "torch.jit._pickle.restore_type_tag" || full == "torch.jit._pickle.build_tensor_from_id";
}

}  // namespace sconce
