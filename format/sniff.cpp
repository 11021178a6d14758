#include "sniff.h"

#include <algorithm>
#include <array>

namespace sconce {
namespace {

constexpr size_t window = 4096;  // how much of a text is looked at

struct Signature {
  size_t offset;
  std::string_view bytes;
  FileType type;
};

using namespace std::string_view_literals;
// Exact marks, in the order in which they are tried.
constexpr std::array signatures{
    Signature{0, "PK\x03\x04"sv, FileType::zip},
    Signature{0, "PK\x05\x06"sv, FileType::zip},
    Signature{0, "PK\x07\x08"sv, FileType::zip},
    Signature{0, "\x93NUMPY"sv, FileType::npy},
    Signature{0, "\x89HDF\r\n\x1a\n"sv, FileType::hdf5},
    Signature{0, "GGUF"sv, FileType::gguf},
    Signature{4, "TFL3"sv, FileType::tflite},
    Signature{0, "\x1f\x8b"sv, FileType::gzip},
    Signature{0, "BZh"sv, FileType::bzip2},
    Signature{0,
              "\xfd"
              "7zXZ\0"sv,
              FileType::xz},
    Signature{0, "\x28\xb5\x2f\xfd"sv, FileType::zstd},
    Signature{0, "7z\xbc\xaf\x27\x1c"sv, FileType::seven_zip},
    Signature{0, "Rar!\x1a\x07"sv, FileType::rar},
    Signature{0, "version https://git-lfs.github.com/spec/"sv, FileType::lfs_pointer},
    Signature{0,
              "\x7f"
              "ELF"sv,
              FileType::elf},
    Signature{0, "\x89PNG\r\n\x1a\n"sv, FileType::png},
    Signature{0, "\xff\xd8\xff"sv, FileType::jpeg},
    Signature{0, "%PDF-"sv, FileType::pdf},
    Signature{257, "ustar"sv, FileType::tar},
};

bool starts_with_ignoring_case(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() &&
         std::equal(lower.begin(), lower.end(), text.begin(), [](char want, char c) {
           return want == (c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
         });
}

std::string_view without_leading_space(std::string_view text) {
  if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);  // byte order mark
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view{} : text.substr(first);
}

// Text that a person could read: UTF-8 (perhaps cut in a character) without control characters but white
// space.
bool is_readable(std::string_view text) {
  int following = 0;  // continuation bytes that the character still needs
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (following > 0) {
      if ((u & 0xc0) != 0x80) return false;
      --following;
    } else if (u >= 0x80) {
      following = u >= 0xf8 ? -1 : u >= 0xf0 ? 3 : u >= 0xe0 ? 2 : u >= 0xc0 ? 1 : -1;
      if (following < 0) return false;
    } else if (u == 0x7f || (u < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f')) {
      return false;
    }
  }
  return true;
}

// 0x1950a86a20f9469cfc6c, as a binary long or, in protocol 0 and 1, as decimal text; protocols 4 and 5 put a
// frame before it.
bool has_torch_magic(std::string_view head) {
  return head.substr(0, 26) == "L119547037146038801333356L" ||
         head.substr(0, 32).find("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"sv) !=
             std::string_view::npos;
}

// The header's length and its first byte; a file that was cut in its header still has a quote after that.
bool is_safetensors(Bytes bytes) {
  if (bytes.size() < 10) return false;
  const auto header = load_little<uint64_t>(bytes.data());
  return header >= 2 && header <= 100'000'000 && bytes[8] == std::byte{'{'} &&
         (header <= bytes.size() - 8 || bytes[9] == std::byte{'"'});
}

// ModelProto: field 1 (ir_version) a small number, then field 2 (producer_name) a short readable string.
bool is_onnx(std::string_view head) {
  if (head.size() < 8 || head[0] != 0x08 || head[1] < 1 || head[1] > 32 || head[2] != 0x12) return false;
  const auto length = static_cast<unsigned char>(head[3]);
  return length > 0 && length < 64 && head.size() >= size_t{4} + length &&
         is_readable(head.substr(4, length));
}

bool is_pickle(std::string_view head, std::string_view all) {
  if (head.size() >= 2 && head[0] == '\x80' && head[1] >= 0 && head[1] <= 5) return true;
  // Protocols 0 and 1 have no mark: an opcode that can begin a program, and STOP at the end.
  if (head.size() < 2 || all.back() != '.') return false;
  if ("()]}cFGIJKLMNSTUVX"sv.find(head[0]) == std::string_view::npos) return false;
  const std::string_view line = head.substr(0, head.find('\n'));
  return !is_readable(head) || (line.size() < head.size() && line.find(' ') == std::string_view::npos);
}

std::string first_line(std::string_view text) {
  text = without_leading_space(text);
  text = text.substr(0, text.find_first_of("\r\n"));
  return text.size() > 60 ? std::string(text.substr(0, 60)) + "..." : std::string(text);
}

}  // namespace

FileType sniff(Bytes bytes) {
  const std::string_view all = text_of(bytes), head = all.substr(0, window);
  if (all.empty()) return FileType::empty;
  if (has_torch_magic(head)) return FileType::legacy_stream;
  for (const Signature& s : signatures)
    if (head.size() >= s.offset && head.substr(s.offset, s.bytes.size()) == s.bytes) return s.type;
  if (is_safetensors(bytes)) return FileType::safetensors;
  if (is_onnx(head)) return FileType::onnx;

  const std::string_view text = without_leading_space(head);
  for (std::string_view tag : {"<!doctype html", "<html", "<head", "<body", "<script", "<title"})
    if (starts_with_ignoring_case(text, tag)) return FileType::html;
  if (starts_with_ignoring_case(text, "<?xml")) {
    for (std::string_view tag : {"<html", "<!doctype html"})
      if (text.find(tag) != std::string_view::npos) return FileType::html;
    return FileType::xml;
  }
  const bool readable = is_readable(head);
  if (readable && !text.empty() && (text[0] == '{' || text[0] == '[')) return FileType::json;
  if (is_pickle(head, all)) return FileType::pickle;
  if (readable) return FileType::text;
  if (head.substr(0, 2) == "MZ") return FileType::windows_program;
  return FileType::unknown;
}

const char* describe(FileType type) {
  switch (type) {
    case FileType::empty: return "an empty file";
    case FileType::zip: return "a zip archive";
    case FileType::legacy_stream: return "a PyTorch checkpoint of the old stream format";
    case FileType::tar: return "a tar archive";
    case FileType::pickle: return "a pickle";
    case FileType::safetensors: return "a safetensors file";
    case FileType::npy: return "a NumPy array (.npy)";
    case FileType::hdf5: return "an HDF5 file (Keras)";
    case FileType::onnx: return "an ONNX model";
    case FileType::gguf: return "a GGUF model";
    case FileType::tflite: return "a TensorFlow Lite model";
    case FileType::gzip: return "a gzip file";
    case FileType::bzip2: return "a bzip2 file";
    case FileType::xz: return "an xz file";
    case FileType::zstd: return "a zstd file";
    case FileType::seven_zip: return "a 7z archive";
    case FileType::rar: return "a RAR archive";
    case FileType::html: return "an HTML page";
    case FileType::xml: return "an XML document";
    case FileType::lfs_pointer: return "a git-lfs pointer";
    case FileType::json: return "a JSON document";
    case FileType::text: return "a text file";
    case FileType::elf: return "a Linux program or library";
    case FileType::windows_program: return "a Windows program or library";
    case FileType::png: return "a PNG image";
    case FileType::jpeg: return "a JPEG image";
    case FileType::pdf: return "a PDF document";
    case FileType::unknown: break;
  }
  return "a file of unknown format";
}

std::string explain_not_a_checkpoint(Bytes bytes) {
  const FileType type = sniff(bytes);
  const std::string what = concat("this is ", describe(type), ", not a PyTorch checkpoint");
  switch (type) {
    case FileType::empty: return "the file is empty: it was never written, or the download went wrong";
    case FileType::html: return what + ": the download went wrong and the server's page was saved instead";
    case FileType::xml: return what + ": a server's error message was probably saved instead of the file";
    case FileType::lfs_pointer: return what + ": it stands for the real file, which `git lfs pull` fetches";
    case FileType::gzip: return what + ": unpack it first (gunzip)";
    case FileType::bzip2: return what + ": unpack it first (bunzip2)";
    case FileType::xz: return what + ": unpack it first (unxz)";
    case FileType::zstd: return what + ": unpack it first (unzstd)";
    case FileType::seven_zip:
    case FileType::rar: return what + ": unpack it first; an honest checkpoint is never packed so";
    case FileType::text:
      return concat(what, ": it begins '", first_line(text_of(bytes).substr(0, window)), "'");
    case FileType::unknown:
      return "the file is neither a zip archive nor a pickle: it is not a PyTorch checkpoint, or it is "
             "damaged";
    default: return what;
  }
}

}  // namespace sconce
