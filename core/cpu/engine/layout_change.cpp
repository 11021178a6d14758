// Transposes between planes and rows of channels, and copies between pitches.
#include "cpu/engine/layout_change.h"

#include <algorithm>

#include "cpu/engine/parts.h"
#include "cpu/isa/vision.h"

namespace sconce::engine {
namespace {

enum class Change { from_planes, to_planes, copy };

class LayoutChange final : public Operator {
 public:
  // `image` is the one side; of the other one only copies need the pitch.
  LayoutChange(Change change, const Image& image, int64_t other_pitch, const isa::Kernels& kernels)
      : change_(change),
        image_(image),
        other_pitch_(other_pitch),
        kernels_(kernels),
        pixels_(image.h * image.w) {
    // Strips of 16 pixels are whole cache lines of a plane.
    strips_ = pieces_of(static_cast<double>(pixels_ * image.c), piece_floats, ceil_div(pixels_, 16));
  }

  int64_t pieces() const override { return image_.n * strips_; }

  void run(int64_t begin, int64_t end, const Operands& operands, void*) const override {
    const isa::VisionKernels& kernels = *kernels_.vision;
    for (int64_t piece = begin; piece < end; ++piece) {
      const int64_t n = piece / strips_, strip = piece % strips_;
      const int64_t first = strip_begin(strip), count = strip_begin(strip + 1) - first,
                    pixel = n * pixels_ + first;
      const int64_t plane = n * image_.c * pixels_ + first;
      switch (change_) {
        case Change::from_planes:
          kernels.planes_to_rows(operands.in(0) + plane, pixels_, count, image_.c,
                                 operands.out(0) + pixel * image_.pitch, image_.pitch);
          break;
        case Change::to_planes:
          kernels.rows_to_planes(operands.in(0) + pixel * image_.pitch, image_.pitch, count, image_.c,
                                 operands.out(0) + plane, pixels_);
          break;
        case Change::copy:
          kernels.copy_rows(operands.in(0) + pixel * image_.pitch, image_.pitch, count, image_.c,
                            operands.out(0) + pixel * other_pitch_, other_pitch_);
          break;
      }
    }
  }

  std::string algorithm() const override {
    const char* words[] = {"planes to channels-last ", "channels-last to planes ", "copy "};
    return words[static_cast<int>(change_)] + std::string(kernels_.name);
  }
  double flops() const override { return 0; }
  double bytes() const override { return 8.0 * static_cast<double>(image_.rows() * image_.c); }

 private:
  int64_t strip_begin(int64_t i) const {
    return std::min(part_begin(ceil_div(pixels_, 16), strips_, i) * 16, pixels_);
  }

  Change change_;
  Image image_;
  int64_t other_pitch_;
  const isa::Kernels& kernels_;
  int64_t pixels_, strips_ = 1;
};

}  // namespace

std::unique_ptr<Operator> make_planes_to_image(const Image& y, const isa::Kernels& kernels) {
  return std::make_unique<LayoutChange>(Change::from_planes, y, 0, kernels);
}

std::unique_ptr<Operator> make_image_to_planes(const Image& x, const isa::Kernels& kernels) {
  return std::make_unique<LayoutChange>(Change::to_planes, x, 0, kernels);
}

std::unique_ptr<Operator> make_copy(const Image& x, const Image& y, const isa::Kernels& kernels) {
  return std::make_unique<LayoutChange>(Change::copy, x, y.pitch, kernels);
}

}  // namespace sconce::engine
