// A CRC is linear: appending n zero bits multiplies it by x^n modulo the polynomial, so the CRC of A with |B| zero
// bytes behind it, exclusive-or that of B, is that of AB.
#include "crc32.h"

namespace sconce {
namespace {

constexpr uint32_t polynomial = 0xedb88320;  // bit 31 is the coefficient of x^0

// a * b modulo the polynomial.
uint32_t multiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = uint32_t{1} << 31; bit != 0; bit >>= 1) {
    if (a & bit) product ^= b;
    b = (b & 1) ? (b >> 1) ^ polynomial : b >> 1;
  }
  return product;
}

}  // namespace

uint32_t combine_crc32(uint32_t first, uint32_t second, uint64_t second_length) {
  uint32_t power = uint32_t{1} << 23;  // x^8, of one byte
  for (uint64_t n = second_length; n != 0; n >>= 1) {
    if (n & 1) first = multiply(first, power);
    power = multiply(power, power);
  }
  return first ^ second;
}

}  // namespace sconce
