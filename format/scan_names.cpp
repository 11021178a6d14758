// The verdict on each name: PyTorch's default allow-list, names that only build data, and names known to do harm.
#include <sconce/scan.h>

#include <algorithm>
#include <array>
#include <unordered_map>
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

// What Sconce reads as plain values, and what only builds data in Python too.
bool is_inert(std::string_view module, std::string_view full) {
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

constexpr std::string_view runs_python = "runs Python code",
                           runs_programs = "runs programs or shell commands",
                           reaches_anything = "reaches any attribute, so any function, of what it is given",
                           imports_code = "imports or installs code",
                           loads_pickles = "loads another pickle, unchecked",
                           reaches_files = "reads, writes or deletes files",
                           reaches_network = "opens network connections",
                           changes_python = "changes the running interpreter", native = "runs native code",
                           builds_functions = "builds functions from bytes",
                           compiles = "compiles or runs generated code";

// Modules of which every name counts, the modules below them too.
const std::unordered_map<std::string_view, std::string_view>& dangerous_modules() {
  static const std::unordered_map<std::string_view, std::string_view> modules = {
      {"os", runs_programs},
      {"posix", runs_programs},
      {"nt", runs_programs},
      {"posixpath", reaches_files},
      {"ntpath", reaches_files},
      {"subprocess", runs_programs},
      {"_posixsubprocess", runs_programs},
      {"_winapi", runs_programs},
      {"pty", runs_programs},
      {"commands", runs_programs},
      {"popen2", runs_programs},
      {"platform", runs_programs},
      {"venv", runs_programs},
      {"webbrowser", runs_programs},
      {"pydoc", runs_programs},
      {"pexpect", runs_programs},
      {"multiprocessing", runs_programs},
      {"_multiprocessing", runs_programs},
      {"concurrent", runs_python},
      {"asyncio", runs_python},
      {"threading", runs_python},
      {"_thread", runs_python},
      {"sys", changes_python},
      {"gc", changes_python},
      {"inspect", changes_python},
      {"atexit", changes_python},
      {"signal", changes_python},
      {"faulthandler", changes_python},
      {"_xxsubinterpreters", runs_python},
      {"_interpreters", runs_python},
      {"code", runs_python},
      {"codeop", runs_python},
      {"runpy", runs_python},
      {"bdb", runs_python},
      {"pdb", runs_python},
      {"cProfile", runs_python},
      {"profile", runs_python},
      {"_lsprof", runs_python},
      {"trace", runs_python},
      {"timeit", runs_python},
      {"doctest", runs_python},
      {"unittest", runs_python},
      {"pytest", runs_python},
      {"idlelib", runs_python},
      {"lib2to3", runs_python},
      {"test.support", runs_python},
      {"IPython", runs_python},
      {"imp", imports_code},
      {"importlib", imports_code},
      {"_frozen_importlib", imports_code},
      {"_frozen_importlib_external", imports_code},
      {"pkgutil", imports_code},
      {"zipimport", imports_code},
      {"modulefinder", imports_code},
      {"site", imports_code},
      {"pip", imports_code},
      {"_pip", imports_code},
      {"ensurepip", imports_code},
      {"setuptools", imports_code},
      {"distutils", runs_programs},
      {"pkg_resources", imports_code},
      {"pickle", loads_pickles},
      {"_pickle", loads_pickles},
      {"pickletools", loads_pickles},
      {"shelve", loads_pickles},
      {"dill", loads_pickles},
      {"cloudpickle", loads_pickles},
      {"joblib", loads_pickles},
      {"marshal", builds_functions},
      {"types", builds_functions},
      {"ctypes", native},
      {"_ctypes", native},
      {"cffi", native},
      {"_cffi_backend", native},
      {"mmap", reaches_files},
      {"io", reaches_files},
      {"_io", reaches_files},
      {"_pyio", reaches_files},
      {"shutil", reaches_files},
      {"tempfile", reaches_files},
      {"glob", reaches_files},
      {"fileinput", reaches_files},
      {"linecache", reaches_files},
      {"zipfile", reaches_files},
      {"tarfile", reaches_files},
      {"sqlite3", reaches_files},
      {"_sqlite3", reaches_files},
      {"dbm", reaches_files},
      {"logging.config", imports_code},
      {"socket", reaches_network},
      {"_socket", reaches_network},
      {"socketserver", reaches_network},
      {"ssl", reaches_network},
      {"select", reaches_network},
      {"selectors", reaches_network},
      {"http", reaches_network},
      {"httplib", reaches_network},
      {"httplib2", reaches_network},
      {"httpx", reaches_network},
      {"urllib", reaches_network},
      {"urllib2", reaches_network},
      {"urllib3", reaches_network},
      {"requests", reaches_network},
      {"aiohttp", reaches_network},
      {"ftplib", reaches_network},
      {"smtplib", reaches_network},
      {"poplib", reaches_network},
      {"imaplib", reaches_network},
      {"nntplib", reaches_network},
      {"telnetlib", reaches_network},
      {"xmlrpc", reaches_network},
      {"wsgiref", reaches_network},
      {"smtpd", reaches_network},
      {"paramiko", reaches_network},
      {"tkinter", runs_python},
      {"numpy.f2py", compiles},
      {"numpy.distutils", runs_programs},
      {"numpy.testing", runs_python},
      {"torch.hub", imports_code},
      {"torch.jit", loads_pickles},
      {"torch.package", imports_code},
      {"torch._inductor", compiles},
      {"torch._dynamo", compiles},
      {"torch.fx", compiles},
      {"torch.utils.cpp_extension", native},
      {"torch.utils._config_module", compiles},
      {"torch.utils.bottleneck", runs_python},
      {"torch.utils.collect_env", runs_programs},
      {"torch.utils.data.datapipes", loads_pickles},
      {"torch.multiprocessing", runs_programs},
      {"torch.testing", runs_python},
      {"torch.ops", native},
      {"torch.classes", native},
      {"torch.os", runs_programs},
      {"torch.sys", changes_python},
      {"torch.importlib", imports_code},
  };
  return modules;
}

// Single names of modules that are otherwise harmless.
const std::unordered_map<std::string_view, std::string_view>& dangerous_names() {
  static const std::unordered_map<std::string_view, std::string_view> names = {
      {"builtins.eval", runs_python},
      {"builtins.exec", runs_python},
      {"builtins.execfile", runs_python},
      {"builtins.compile", runs_python},
      {"builtins.apply", runs_python},
      {"builtins.breakpoint", runs_python},
      {"builtins.help", runs_programs},
      {"builtins.input", "reads from the terminal, and runs what is typed under Python 2"},
      {"builtins.raw_input", "reads from the terminal"},
      {"builtins.open", reaches_files},
      {"builtins.file", reaches_files},
      {"builtins.__import__", imports_code},
      {"builtins.reload", imports_code},
      {"builtins.getattr", reaches_anything},
      {"builtins.setattr", changes_python},
      {"builtins.delattr", changes_python},
      {"builtins.globals", changes_python},
      {"builtins.locals", changes_python},
      {"builtins.vars", reaches_anything},
      {"builtins.map", "calls a function for each of its arguments"},
      {"builtins.filter", "calls a function for each of its arguments"},
      {"builtins.super", reaches_anything},
      {"builtins.exit", changes_python},
      {"builtins.quit", changes_python},
      {"codecs.open", reaches_files},
      {"codecs.lookup", imports_code},
      {"copyreg.add_extension", changes_python},
      {"copyreg.pickle", changes_python},
      {"functools.reduce", "calls a function for each of its arguments"},
      {"functools.partialmethod", "calls what it is given"},
      {"operator.attrgetter", reaches_anything},
      {"operator.methodcaller", reaches_anything},
      {"operator.itemgetter", reaches_anything},
      {"_operator.attrgetter", reaches_anything},
      {"_operator.methodcaller", reaches_anything},
      {"_operator.itemgetter", reaches_anything},
      {"itertools.starmap", "calls a function for each of its arguments"},
      {"itertools.accumulate", "calls a function for each of its arguments"},
      {"_aix_support._read_cmd_output", runs_programs},
      {"_osx_support._read_output", runs_programs},
      {"_osx_support._find_build_tool", runs_programs},
      {"_pyrepl.pager.pipe_pager", runs_programs},
      {"antigravity.geohash", reaches_network},
      {"cgitb.lookup", runs_python},
      {"ensurepip._run_pip", imports_code},
      {"numpy.load", loads_pickles},
      {"numpy.lib.npyio.load", loads_pickles},
      {"numpy.lib.npyio.NpzFile", loads_pickles},
      {"numpy.lib._npyio_impl.load", loads_pickles},
      {"numpy.fromfile", reaches_files},
      {"numpy.save", reaches_files},
      {"numpy.savez", reaches_files},
      {"numpy.savetxt", reaches_files},
      {"numpy.memmap", reaches_files},
      {"numpy.core.memmap.memmap", reaches_files},
      {"numpy.vectorize", "calls what it is given"},
      {"numpy.apply_along_axis", "calls what it is given"},
      {"numpy.frompyfunc", "calls what it is given"},
      {"pandas.read_pickle", loads_pickles},
      {"pandas.io.pickle.read_pickle", loads_pickles},
      {"pandas.eval", runs_python},
      {"pandas.core.computation.eval.eval", runs_python},
      {"yaml.load", runs_python},
      {"yaml.unsafe_load", runs_python},
      {"torch.load", loads_pickles},
      {"torch.save", reaches_files},
      {"torch.serialization.load", loads_pickles},
      {"torch.serialization._load", loads_pickles},
      {"torch.serialization._legacy_load", loads_pickles},
      {"torch.serialization.save", reaches_files},
      {"torch.serialization.add_safe_globals", "widens what PyTorch loads"},
      {"torch.storage._load_from_bytes", loads_pickles},
      {"torch.from_file", reaches_files},
      {"torch.compile", compiles},
      {"torch.utils.model_dump", loads_pickles},
      {"torch._weights_only_unpickler.load", loads_pickles},
  };
  return names;
}

// The reason why a module, or one that it lies in, is dangerous.
std::string_view reason_of_module(std::string_view module) {
  const auto& modules = dangerous_modules();
  for (size_t end = 0; end != module.npos;) {
    end = module.find('.', end);
    if (const auto found = modules.find(module.substr(0, end)); found != modules.end()) return found->second;
    if (end != module.npos) ++end;
  }
  return {};
}

}  // namespace

const char* to_string(ScanVerdict verdict) {
  switch (verdict) {
    case ScanVerdict::allowed: return "allowed";
    case ScanVerdict::inert: return "inert";
    case ScanVerdict::unknown: return "unknown";
    case ScanVerdict::dangerous: return "dangerous";
  }
  return "";
}

NameVerdict verdict_of_global(std::string_view module, std::string_view name) {
  const std::string full = std::string(module) + "." + std::string(name);
  const bool path = name.find('.') != name.npos;
  // Exactly these names: a path through an allowed class would reach its methods.
  if (!path) {
    if (is_allowed_function(full) || (module == "torch" && is_torch_dtype_or_scheme(name)) ||
        is_tensor_or_storage_class(module, name))
      return {ScanVerdict::allowed};
    if (is_inert(module, full)) return {ScanVerdict::inert};
  }
  if (const auto found = dangerous_names().find(full); found != dangerous_names().end())
    return {ScanVerdict::dangerous, found->second};
  if (const std::string_view why = reason_of_module(full); !why.empty()) return {ScanVerdict::dangerous, why};
  if (!path) return {ScanVerdict::unknown};
  // torch.serialization + os.system: a harmless module, and through what it imports another.
  const auto builtin = [](std::string_view part) {
    const auto found = dangerous_names().find("builtins." + std::string(part));
    return found == dangerous_names().end() ? std::string_view{} : found->second;
  };
  for (std::string_view rest = name; !rest.empty();) {
    const size_t dot = rest.find('.');
    const std::string_view part = rest.substr(0, dot);
    std::string_view why = reason_of_module(rest);
    if (why.empty()) why = builtin(part);
    if (why.empty() && part.substr(0, 2) == "__") why = reaches_anything;
    if (!why.empty()) return {ScanVerdict::dangerous, why};
    rest.remove_prefix(dot == rest.npos ? rest.size() : dot + 1);
  }
  return {ScanVerdict::unknown};
}

}  // namespace sconce
