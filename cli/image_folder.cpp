// A folder of pictures as a data set.
#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>

#include <sconce/ops/create.h>

#include "images.h"

namespace sconce::cli {
namespace {
namespace fs = std::filesystem;

// torchvision's IMG_EXTENSIONS; what decode_image cannot read among them, it refuses by name rather than
// leaving it out.
bool is_picture(const fs::path& file) {
  constexpr std::array<const char*, 9> extensions = {".jpg", ".jpeg", ".png",  ".ppm", ".bmp",
                                                     ".pgm", ".tif",  ".tiff", ".webp"};
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::any_of(extensions.begin(), extensions.end(), [&](const char* e) { return extension == e; });
}

// Pictures below `folder` as os.walk(followlinks=True) sorts them: folder by folder in the order of their
// paths, files sorted in each.
void collect(const fs::path& folder, std::vector<fs::path>& folders, int depth) {
  check(depth < 64, "[ImageFolder] expected folders at most 64 deep, got ", folder.string());
  folders.push_back(folder);
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (entry.is_directory()) collect(entry.path(), folders, depth + 1);
}

std::vector<fs::path> pictures_below(const fs::path& folder) {
  std::vector<fs::path> folders, out;
  collect(folder, folders, 0);
  std::sort(folders.begin(), folders.end(),
            [](const fs::path& a, const fs::path& b) { return a.string() < b.string(); });
  for (const fs::path& one : folders) {
    std::vector<fs::path> files;
    for (const fs::directory_entry& entry : fs::directory_iterator(one))
      if (!entry.is_directory() && is_picture(entry.path())) files.push_back(entry.path());
    std::sort(files.begin(), files.end(), [](const fs::path& a, const fs::path& b) {
      return a.filename().string() < b.filename().string();
    });
    out.insert(out.end(), files.begin(), files.end());
  }
  return out;
}

}  // namespace

ImageFolder::ImageFolder(fs::path folder, nn::transforms::Transform transform, ImageLimits limits)
    : folder_(std::move(folder)), transform_(std::move(transform)), limits_(limits) {
  check(transform_ != nullptr, "[ImageFolder] expected a transform, such as ToTensor()");
  std::vector<int64_t> labels;
  try {
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_))
      if (entry.is_directory()) classes_.push_back(entry.path().filename().string());
    std::sort(classes_.begin(), classes_.end());
    for (size_t c = 0; c < classes_.size(); ++c) {
      const auto files = pictures_below(folder_ / classes_[c]);
      check(!files.empty(), "Found no valid file for the classes ", classes_[c],
            ". Supported extensions are: .jpg, .jpeg, .png, .bmp, .ppm, .pgm");
      files_.insert(files_.end(), files.begin(), files.end());
      labels.insert(labels.end(), files.size(), static_cast<int64_t>(c));
    }
  } catch (const fs::filesystem_error& e) {
    throw Error(ErrorKind::io, concat("cannot read the folder: ", e.code().message()))
        .in_file(e.path1().string());
  } catch (Error& e) {
    e.in_file(folder_.string());
    throw;
  }
  if (classes_.empty())
    throw Error(ErrorKind::invalid_argument,
                "Couldn't find any class folder: expected one sub-folder for each class")
        .in_file(folder_.string());
  labels_ = tensor(labels, Shape{static_cast<int64_t>(labels.size())});
}

Tensor ImageFolder::picture(int64_t i) const {
  check(i >= 0 && i < size(), "[ImageFolder] expected a sample in [0, ", size(), "), got ", i);
  return decode_image(files_[static_cast<size_t>(i)], limits_);
}

std::string ImageFolder::name(int64_t i) const {
  check(i >= 0 && i < size(), "[ImageFolder] expected a sample in [0, ", size(), "), got ", i);
  return files_[static_cast<size_t>(i)].lexically_relative(folder_).generic_string();
}

Tensor ImageFolder::inputs(int64_t begin, int64_t end) const {
  check(begin >= 0 && begin < end && end <= size(), "[ImageFolder] expected samples within [0, ", size(),
        "), got ", begin, " to ", end);
  Tensor batch;
  for (int64_t i = begin; i < end; ++i) {
    const Tensor one = transform_(picture(i)).contiguous();
    if (!batch.defined()) {
      std::vector<int64_t> extents = one.shape().extents();
      extents.insert(extents.begin(), end - begin);
      batch = empty(Shape(extents), one.dtype());
    }
    const bool fits =
        one.dtype() == batch.dtype() && one.numel() * (end - begin) == batch.numel() &&
        std::equal(one.shape().begin(), one.shape().end(), batch.shape().begin() + 1, batch.shape().end());
    if (!fits)
      throw Error(ErrorKind::invalid_argument,
                  concat("[ImageFolder] expected pictures of one shape in a batch of ", batch.shape(),
                         ", got ", one.shape(), "; resize and crop them"))
          .in_file(files_[static_cast<size_t>(i)].string());
    if (one.nbytes() > 0)
      std::memcpy(static_cast<char*>(batch.mutable_data()) + (i - begin) * one.nbytes(), one.data(),
                  static_cast<size_t>(one.nbytes()));
  }
  return batch;
}

}  // namespace sconce::cli
