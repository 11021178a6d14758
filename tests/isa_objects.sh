#!/bin/sh
# No weak symbol and no static initialiser in the objects of cpu/isa, which are compiled for instruction sets that the machine may lack: the
# linker could take such a copy for the whole program, or the program could run it before main().
#   isa_objects.sh OBJECT...      objects of other folders are passed over; NM and READELF name tools other than the machine's own
: "${NM:=nm}" "${READELF:=readelf}"
command -v "$NM" >/dev/null || { echo "skipped: no nm"; exit 77; }
count=0 bad=0
for object; do
  case $object in
    */cpu/isa/*.o) ;;
    *) continue ;;
  esac
  count=$((count + 1))
  # Undefined weak symbols (w, v) are as bad: they name functions that every user may define.
  if "$NM" -C "$object" | grep -E ' [WwVvu] |_GLOBAL__sub_I|__cxx_global_var_init'; then
    echo "in $object"
    bad=1
  fi
  if "$READELF" -SW "$object" 2>/dev/null | grep -E '\.(init_array|ctors)'; then
    echo "a static initialiser in $object"
    bad=1
  fi
done
[ $count -gt 0 ] || { echo "no objects of cpu/isa among the arguments"; exit 1; }
exit $bad
