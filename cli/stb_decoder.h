// stb_image, behind four functions.
#pragma once

namespace sconce::cli {

// From the header only. False when no format is recognised.
bool stb_picture_size(const unsigned char* bytes, int length, int& width, int& height, int& channels);
// `wanted` channels a pixel, row by row; null on failure. Give the result to stb_release.
unsigned char* stb_decode(const unsigned char* bytes, int length, int& width, int& height, int& channels,
                          int wanted);
void stb_release(unsigned char* pixels);
// Why the last call on this thread failed; may be null.
const char* stb_failure();

}  // namespace sconce::cli
