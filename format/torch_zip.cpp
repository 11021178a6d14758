// The zip archive of torch.save since 1.6: data.pkl, and one record for each storage under data/. TorchScript archives have the
// same, with constants.pkl and source text beside it.
#include "container.h"
#include "rebuild.h"
#include "torchscript.h"
#include "zip_storage.h"

#include <algorithm>

namespace sconce {
namespace {

constexpr uint64_t most_code_bytes = uint64_t{1} << 26;

[[noreturn]] void fail_no_program(const ZipArchive& archive) {
  std::string names;
  for (size_t i = 0; i < archive.entries().size() && i < 4; ++i)
    names += concat(i ? ", " : "", archive.entries()[i].name);
  if (archive.record("model.json"))
    fail(ErrorKind::unsupported,
         "a TorchScript archive of PyTorch 1.0 to 1.2, which keeps its values as JSON; load and save it with "
         "a newer PyTorch");
  fail(ErrorKind::unsupported,
       "a zip archive without the record data.pkl, so no PyTorch checkpoint; it holds ",
       archive.entries().size(), " records", names.empty() ? "" : ": ", names,
       archive.entries().size() > 4 ? ", ..." : "");
}

// The value of one pickle in the archive.
Value read_program(const ZipFile& zip, const ZipEntry& program, TorchMeaning& meaning,
                   const LoadOptions& options, ReadTree& out) {
  if (program.size > options.budget.pickle_bytes)
    fail(ErrorKind::out_of_budget, "record \"", program.name, "\" has ", program.size,
         " bytes; the limit is ", options.budget.pickle_bytes);
  try {
    Storage keeper;
    const Bytes bytes = zip.read(program, keeper);
    PickleReader reader(bytes, meaning, options.profile, options.budget);
    Value root = reader.read();
    if (reader.length() != bytes.size()) {
      const std::string rest = concat(bytes.size() - reader.length(), " bytes follow the end of the pickle");
      if (options.profile == Profile::strict) {
        Error e(ErrorKind::corrupt, rest);
        throw e.at_offset(reader.length());
      }
      out.warnings.push_back(rest);
    }
    out.globals.insert(out.globals.end(), reader.globals().begin(), reader.globals().end());
    out.warnings.insert(out.warnings.end(), reader.warnings().begin(), reader.warnings().end());
    return root;
  } catch (Error& e) {
    throw e.in_record(std::string(program.name));
  }
}

// TorchScript: the constants that the code refers to become "constants.pkl" of the root, and its modules' members are told
// apart.
void read_script(const std::shared_ptr<const ZipFile>& zip, const LoadOptions& options, bool swaps,
                 ReadTree& out) {
  const ZipArchive& archive = zip->archive;
  if (const ZipEntry* program = archive.record("constants.pkl")) {
    ZipSource source(zip, swaps, "constants/");
    TorchMeaning meaning(source, options);
    ReadTree constants;
    const Value values = read_program(*zip, *program, meaning, options, constants);
    meaning.finish();
    if (!values.items().empty() && out.root.kind() == Value::Kind::object)
      ValueBuilder::insert(out.root, "constants.pkl", values);
    for (const auto& name : constants.globals)
      if (std::find(out.globals.begin(), out.globals.end(), name) == out.globals.end())
        out.globals.push_back(name);
    out.warnings.insert(out.warnings.end(), constants.warnings.begin(), constants.warnings.end());
    out.locations.add(meaning.locations());
  }
  uint64_t read = 0;
  ScriptCode code([&](const std::string& record) -> std::optional<std::string> {
    const ZipEntry* entry = archive.record(record);
    if (!entry) return std::nullopt;
    read += entry->size;
    if (read > most_code_bytes || entry->size > most_code_bytes)
      fail(ErrorKind::out_of_budget, "the archive's source text has more than ", most_code_bytes, " bytes");
    try {
      Storage keeper;
      return std::string(text_of(zip->read(*entry, keeper)));
    } catch (Error& e) {
      throw e.in_record(std::string(entry->name));
    }
  });
  name_script_modules(out.root, code);
}

}  // namespace

ReadTree read_torch_zip(const std::shared_ptr<MappedFile>& file, const LoadOptions& options,
                        std::string& container) {
  const auto zip = std::make_shared<const ZipFile>(file, options);
  const ZipArchive& archive = zip->archive;
  const ZipEntry* program = archive.record("data.pkl");
  if (!program) fail_no_program(archive);
  torch_archive_version(archive);
  const bool swaps = file_swaps(archive);
  ZipSource source(zip, swaps);
  TorchMeaning meaning(source, options);

  ReadTree out;
  out.warnings = archive.warnings();
  out.root = read_program(*zip, *program, meaning, options, out);
  meaning.finish();
  out.locations = meaning.take_locations();
  if (archive.record("constants.pkl")) {
    container = "torchscript";
    read_script(zip, options, swaps, out);
  }
  return out;
}

}  // namespace sconce
