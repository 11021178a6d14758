// The operations of pickle protocols 0 to 5, one byte each.
#pragma once
#include <cstdint>

namespace sconce {

enum class Op : uint8_t {
  // Protocol 0, arguments as lines of text.
  mark = '(',
  stop = '.',
  pop = '0',
  pop_mark = '1',
  dup = '2',
  float_text = 'F',
  int_text = 'I',
  long_text = 'L',
  string_text = 'S',
  unicode_text = 'V',
  none = 'N',
  persid = 'P',
  reduce = 'R',
  append = 'a',
  build = 'b',
  global = 'c',
  dict = 'd',
  list = 'l',
  get = 'g',
  inst = 'i',
  put = 'p',
  setitem = 's',
  tuple = 't',
  // Protocol 1, binary arguments.
  binint = 'J',
  binint1 = 'K',
  binint2 = 'M',
  binfloat = 'G',
  binstring = 'T',
  short_binstring = 'U',
  binunicode = 'X',
  binpersid = 'Q',
  appends = 'e',
  setitems = 'u',
  binget = 'h',
  long_binget = 'j',
  binput = 'q',
  long_binput = 'r',
  obj = 'o',
  empty_dict = '}',
  empty_list = ']',
  empty_tuple = ')',
  // Protocol 2.
  proto = 0x80,
  newobj = 0x81,
  ext1 = 0x82,
  ext2 = 0x83,
  ext4 = 0x84,
  tuple1 = 0x85,
  tuple2 = 0x86,
  tuple3 = 0x87,
  newtrue = 0x88,
  newfalse = 0x89,
  long1 = 0x8a,
  long4 = 0x8b,
  // Protocol 3.
  binbytes = 'B',
  short_binbytes = 'C',
  // Protocol 4.
  short_binunicode = 0x8c,
  binunicode8 = 0x8d,
  binbytes8 = 0x8e,
  empty_set = 0x8f,
  additems = 0x90,
  frozenset = 0x91,
  newobj_ex = 0x92,
  stack_global = 0x93,
  memoize = 0x94,
  frame = 0x95,
  // Protocol 5.
  bytearray8 = 0x96,
  next_buffer = 0x97,
  readonly_buffer = 0x98,
};

}  // namespace sconce
