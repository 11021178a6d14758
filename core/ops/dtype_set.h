// Sets of dtypes that an op takes, and its refusal of the others.
#pragma once
#include <sconce/graph.h>
#include <sconce/tensor.h>

#include <initializer_list>
#include <optional>

#include "ops/arguments.h"

namespace sconce {

class DTypeSet {
 public:
  constexpr DTypeSet(std::initializer_list<DType> members) {
    for (DType t : members) bits_ |= bit(t);
  }
  constexpr bool contains(DType t) const { return (bits_ & bit(t)) != 0; }
  constexpr DTypeSet operator|(DTypeSet other) const {
    other.bits_ |= bits_;
    return other;
  }

 private:
  static constexpr uint64_t bit(DType t) { return uint64_t{1} << static_cast<int>(t); }
  uint64_t bits_ = 0;
};

namespace dtypes {
inline constexpr DTypeSet floats{DType::f64, DType::f32, DType::f16, DType::bf16};
inline constexpr DTypeSet float8{DType::f8_e4m3fn, DType::f8_e5m2, DType::f8_e4m3fnuz, DType::f8_e5m2fnuz};
inline constexpr DTypeSet e8m0{DType::f8_e8m0fnu};
inline constexpr DTypeSet integers{DType::i8, DType::i16, DType::i32, DType::i64, DType::u8};
inline constexpr DTypeSet wide_unsigned{DType::u16, DType::u32, DType::u64};
inline constexpr DTypeSet boolean{DType::boolean};
inline constexpr DTypeSet complex32{DType::complex32};
inline constexpr DTypeSet complex{DType::complex64, DType::complex128};
inline constexpr DTypeSet numeric =
    floats | float8 | e8m0 | integers | wide_unsigned | boolean | complex32 | complex;
}  // namespace dtypes

// Throws ErrorKind::unsupported, naming op and dtype, unless the op takes it.
inline void check_dtype(const char* op, DType dtype, DTypeSet taken) {
  if (!taken.contains(dtype)) fail_dtype(op, dtype);
}

// Optional arguments as a recorder takes them.
inline Recorder::Input recorded(const std::optional<Scalar>& s) {
  return s ? as_input(*s) : Recorder::Input();
}
inline Recorder::Input recorded(std::optional<DType> dtype) {
  return dtype ? Recorder::Input(*dtype) : Recorder::Input();
}

}  // namespace sconce
