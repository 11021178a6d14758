// Any bytes as an index of shards beside two files of one tensor each.
#include "container.h"
#include "fuzz.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("sconce-fuzz-" + std::to_string(getpid()))) {
    fs::create_directories(path_);
    for (const char* name : {"a", "b"}) {
      const std::string header =
          std::string("{\"") + name + R"(.weight":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
      std::string bytes(8, '\0');
      bytes[0] = static_cast<char>(header.size());
      write((std::string(name) + ".safetensors").c_str(), bytes + header + "12345678");
    }
  }
  ~Folder() { fs::remove_all(path_); }
  std::string write(const char* name, std::string_view bytes) const {
    const fs::path file = path_ / name;
    std::ofstream(file, std::ios::binary) << bytes;
    return file.string();
  }

 private:
  fs::path path_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sconce;
  static const Folder folder;
  const std::string index = folder.write("model.index.json", {reinterpret_cast<const char*>(data), size});
  for (const Profile profile : {Profile::strict, Profile::compat})
    fuzz::may_fail([&] {
      fuzz::read_all(read_shards(MappedFile::open(index), fuzz::small_options(size, profile)).root);
    });
  return 0;
}
