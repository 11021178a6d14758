// The one place where stb_image's code is compiled: JPEG, PNG, BMP and PNM from memory.
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_ONLY_PNM
#define STBI_FAILURE_USERMSG
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#endif
#include <stb_image.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#include "stb_decoder.h"

namespace sconce::cli {

bool stb_picture_size(const unsigned char* bytes, int length, int& width, int& height, int& channels) {
  return stbi_info_from_memory(bytes, length, &width, &height, &channels) != 0;
}
unsigned char* stb_decode(const unsigned char* bytes, int length, int& width, int& height, int& channels,
                          int wanted) {
  return stbi_load_from_memory(bytes, length, &width, &height, &channels, wanted);
}
void stb_release(unsigned char* pixels) { stbi_image_free(pixels); }
const char* stb_failure() { return stbi_failure_reason(); }

}  // namespace sconce::cli
