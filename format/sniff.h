// What a file is, by its first bytes; its name is never asked.
#pragma once
#include "bytes.h"

#include <string>

namespace sconce {

enum class FileType {
  empty,
  zip,            // torch.save since 1.6, TorchScript, .npz, and anything else that is a zip archive
  legacy_stream,  // torch.save before 1.6: the magic number, then pickles
  tar,            // torch.save up to 0.1.9, or any tar
  pickle,         // a pickle on its own
  safetensors,
  npy,
  hdf5,
  onnx,
  gguf,
  tflite,
  gzip,
  bzip2,
  xz,
  zstd,
  seven_zip,
  rar,
  html,
  xml,
  lfs_pointer,
  json,
  text,
  elf,
  windows_program,
  png,
  jpeg,
  pdf,
  unknown,
};

// Reads at most a few KiB, and never past the end. A pickle without a protocol mark (protocols 0 and 1) is
// only a guess.
FileType sniff(Bytes bytes);
// With its article: "an HTML page", "a zip archive".
const char* describe(FileType type);
// One clause for an error about a file that was expected to be a checkpoint, with the likely cause or the
// remedy: "this is an HTML page, not a checkpoint: the download went wrong; fetch the file itself".
std::string explain_not_a_checkpoint(Bytes bytes);

}  // namespace sconce
