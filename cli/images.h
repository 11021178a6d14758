// Pictures: decoding JPEG and PNG, folders of them as a data set, and PNG for the report.
#pragma once
#include <sconce/nn/transforms.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "dataset.h"

namespace sconce::cli {

struct ImageLimits {
  int64_t max_pixels = 89'478'485;  // width * height, checked before memory is taken; the figure is PIL's
};

// Reads a JPEG, PNG, BMP or PNM file as u8 (height, width, 3) RGB, as PIL's Image.open(file).convert("RGB"):
// transparency is dropped, grey is repeated, a palette resolved, 16 bits cut to 8, EXIF orientation ignored.
// Throws with the file's name: ErrorKind::io when it cannot be read, corrupt when it cannot be decoded,
// unsupported for another format, out_of_budget when it has more pixels than allowed.
Tensor decode_image(const std::filesystem::path& file, const ImageLimits& limits = {});
// The same from bytes.
Tensor decode_image_bytes(std::string_view bytes, const ImageLimits& limits = {});

// A PNG file of a u8 (height, width, 3) tensor, 8-bit RGB.
std::string encode_png(const Tensor& picture);
// "data:image/png;base64,..." of a u8 (height, width, 3) tensor, first made to fit into `side` x `side`.
std::string thumbnail_uri(const Tensor& picture, int64_t side);

// A folder of pictures, by torchvision.datasets.ImageFolder's rules: each sub-folder is a class, in the order
// of their sorted names; below it every picture at any depth, in sorted order. A class without a picture is
// an error, as there.
class ImageFolder : public Dataset {
 public:
  // `transform` turns one u8 (height, width, 3) picture into the tensor that the model takes.
  // Throws ErrorKind::io when the folder cannot be read, invalid_argument when it has no classes or a class
  // is empty.
  ImageFolder(std::filesystem::path folder, nn::transforms::Transform transform, ImageLimits limits = {});

  int64_t size() const override { return static_cast<int64_t>(files_.size()); }
  // Throws ErrorKind::invalid_argument, naming the file, when pictures of one batch come out in different
  // shapes.
  Tensor inputs(int64_t begin, int64_t end) const override;
  const Tensor& labels() const override { return labels_; }
  const std::vector<std::string>& class_names() const override { return classes_; }
  std::string name(int64_t i) const override;  // path inside the folder
  Tensor picture(int64_t i) const override;

 private:
  std::filesystem::path folder_;
  nn::transforms::Transform transform_;
  ImageLimits limits_;
  std::vector<std::filesystem::path> files_;
  std::vector<std::string> classes_;
  Tensor labels_;
};

}  // namespace sconce::cli
