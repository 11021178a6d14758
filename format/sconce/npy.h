// NumPy's array files: .npy (one array) and .npz (a zip archive of named ones).
#pragma once
#include <sconce/checkpoint.h>

#include <string>

namespace sconce {

// The array in a .npy file, header versions 1 to 3, as numpy.load(path, allow_pickle=False) reads it: every
// real and complex dtype that torch has (f2 f4 f8, i1..i8, u1..u8, b1, c8, c16), either byte order. An array
// in Fortran order keeps its order as strides. The tensor owns its bytes. Throws ErrorKind::io; corrupt for a
// damaged header or too few bytes; unsafe for an object array, which is a pickle; unsupported for strings,
// dates, records and bytes after the array; out_of_budget before allocating.
Tensor load_npy(const std::string& path, const Budget& budget = {});

// Writes a .npy file of version 1, little-endian and in C order, readable by numpy.load. The file appears
// complete or not at all: it is written beside `path` and then renamed. Throws ErrorKind::unsupported for
// dtypes that NumPy has not (bfloat16, float8, complex32, quantized and bits types) and ErrorKind::io.
void save_npy(const std::string& path, const Tensor& tensor);

// Writes a .npz archive as numpy.savez: one .npy member for each tensor, in the state's order, stored, data aligned
// to 64 bytes, so that Checkpoint::open uses it in place. Every name gets bytes of its own (NumPy has no ties).
// The same state gives the same bytes. Throws ErrorKind::unsupported, naming the key, for dtypes that NumPy has
// not (bfloat16, float8, ...), values that are no tensor and tensors without data; ErrorKind::invalid_argument for an empty
// state and names that an archive cannot hold; ErrorKind::io. The file appears complete or not at all.
void save_npz(const StateDict& state, const std::string& path);

// All arrays of a .npz file (numpy.savez, or savez_compressed) by name, without ".npy", in the file's order.
// Checksums are verified. Throws what load_npy throws, and ErrorKind::corrupt for a damaged archive or a
// member that is no .npy file.
StateDict load_npz(const std::string& path, const Budget& budget = {});

// One array of a .npz file. Throws ErrorKind::mismatch, naming the arrays there are, when it is absent.
Tensor load_npz(const std::string& path, const std::string& name, const Budget& budget = {});

}  // namespace sconce
