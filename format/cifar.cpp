// The binary CIFAR files: records of label bytes and 3072 pixels, red plane first.
#include <sconce/datasets.h>
#include <sconce/ops/create.h>

#include "mapped_file.h"
#include "number_copy.h"

#include <span>

namespace sconce {
namespace {

constexpr int64_t pixels = 3 * 32 * 32;

constexpr const char* cifar10_names[] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                         "dog",      "frog",       "horse", "ship", "truck"};
constexpr const char* cifar100_names[] = {
    "apple",      "aquarium_fish", "baby",         "bear",       "beaver",      "bed",         "bee",
    "beetle",     "bicycle",       "bottle",       "bowl",       "boy",         "bridge",      "bus",
    "butterfly",  "camel",         "can",          "castle",     "caterpillar", "cattle",      "chair",
    "chimpanzee", "clock",         "cloud",        "cockroach",  "couch",       "crab",        "crocodile",
    "cup",        "dinosaur",      "dolphin",      "elephant",   "flatfish",    "forest",      "fox",
    "girl",       "hamster",       "house",        "kangaroo",   "keyboard",    "lamp",        "lawn_mower",
    "leopard",    "lion",          "lizard",       "lobster",    "man",         "maple_tree",  "motorcycle",
    "mountain",   "mouse",         "mushroom",     "oak_tree",   "orange",      "orchid",      "otter",
    "palm_tree",  "pear",          "pickup_truck", "pine_tree",  "plain",       "plate",       "poppy",
    "porcupine",  "possum",        "rabbit",       "raccoon",    "ray",         "road",        "rocket",
    "rose",       "sea",           "seal",         "shark",      "shrew",       "skunk",       "skyscraper",
    "snail",      "snake",         "spider",       "squirrel",   "streetcar",   "sunflower",   "sweet_pepper",
    "table",      "tank",          "telephone",    "television", "tiger",       "tractor",     "train",
    "trout",      "tulip",         "turtle",       "wardrobe",   "whale",       "willow_tree", "wolf",
    "woman",      "worm"};
constexpr const char* cifar100_coarse_names[] = {"aquatic_mammals",
                                                 "fish",
                                                 "flowers",
                                                 "food_containers",
                                                 "fruit_and_vegetables",
                                                 "household_electrical_devices",
                                                 "household_furniture",
                                                 "insects",
                                                 "large_carnivores",
                                                 "large_man-made_outdoor_things",
                                                 "large_natural_outdoor_scenes",
                                                 "large_omnivores_and_herbivores",
                                                 "medium_mammals",
                                                 "non-insect_invertebrates",
                                                 "people",
                                                 "reptiles",
                                                 "small_mammals",
                                                 "trees",
                                                 "vehicles_1",
                                                 "vehicles_2"};

// What the label bytes of a record mean.
struct Layout {
  int64_t label_bytes;
  std::span<const char* const> names[2];  // of each label byte
  int64_t wanted;                         // which of them becomes the label
};

LabeledData read(const std::vector<std::string>& paths, const Layout& layout, const Budget& budget) {
  const int64_t record = layout.label_bytes + pixels;
  std::vector<std::shared_ptr<MappedFile>> files;
  int64_t count = 0;
  for (const std::string& path : paths) {
    files.push_back(MappedFile::open(path));
    const auto bytes = static_cast<int64_t>(files.back()->size());
    if (bytes == 0 || bytes % record != 0) {
      Error error(ErrorKind::corrupt,
                  concat("[load_cifar] expected whole records of ", record, " bytes, got ", bytes, " bytes"));
      throw error.in_file(path);
    }
    count += bytes / record;
  }
  check_budget("load_cifar", static_cast<uint64_t>(count * (pixels + 8)), budget);

  const auto names = layout.names[layout.wanted];
  LabeledData out{
      empty({count, 3, 32, 32}, DType::u8), empty({count}, DType::i64), {names.begin(), names.end()}, {}};
  auto* to = out.inputs.mutable_data<uint8_t>();
  auto* label_to = out.labels.mutable_data<int64_t>();
  for (const auto& file : files) {
    const Bytes bytes = file->bytes();
    for (size_t at = 0; at < bytes.size(); at += static_cast<size_t>(record)) {
      for (int64_t i = 0; i < layout.label_bytes; ++i) {
        const auto label = std::to_integer<size_t>(bytes[at + static_cast<size_t>(i)]);
        if (label >= layout.names[i].size()) {
          Error error(ErrorKind::corrupt, concat("[load_cifar] expected a label below ",
                                                 layout.names[i].size(), ", got ", label));
          throw error.in_file(file->path()).at_offset(at + static_cast<size_t>(i));
        }
        if (i == layout.wanted) *label_to++ = static_cast<int64_t>(label);
      }
      std::memcpy(to, &bytes[at + static_cast<size_t>(layout.label_bytes)], pixels);
      to += pixels;
    }
  }
  return out;
}

}  // namespace

LabeledData load_cifar10(const std::vector<std::string>& paths, const Budget& budget) {
  check(!paths.empty(), "[load_cifar] expected at least one file");
  return read(paths, {1, {cifar10_names, {}}, 0}, budget);
}

LabeledData load_cifar10(const std::string& path, const Budget& budget) {
  return load_cifar10(std::vector{path}, budget);
}

LabeledData load_cifar100(const std::string& path, Cifar100Labels labels, const Budget& budget) {
  return read({path}, {2, {cifar100_coarse_names, cifar100_names}, labels == Cifar100Labels::fine ? 1 : 0},
              budget);
}

}  // namespace sconce
