#!/usr/bin/env bash
# Installs a finished build into a prefix of its own and uses it in every way that the README names.
#   tests/packaging/run.sh BUILD_FOLDER
set -eu
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
build=$(cd "$1" && pwd)
cxx=${CXX:-c++}
jobs=${JOBS:-$(nproc)}
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
prefix=$work/moved

# Installed in one place and used in another: nothing in it may hold an absolute path of this machine.
cmake --install "$build" --prefix "$work/prefix" >"$work/install.log"
mv "$work/prefix" "$prefix"
library=$(find "$prefix" -name libsconce.a)
if grep -rlE "$source|$work/prefix" "$prefix/include" "${library%/*}/cmake" "${library%/*}/pkgconfig"; then
  echo "packaging: the files above name the source folder or the first prefix"; exit 1
fi

echo "packaging: find_package"
cmake -S "$here/find_package" -B "$work/find_package" -DCMAKE_PREFIX_PATH="$prefix" >"$work/log" || { cat "$work/log"; exit 1; }
cmake --build "$work/find_package" >"$work/log" || { cat "$work/log"; exit 1; }
"$work/find_package/consumer"

echo "packaging: pkg-config"
if command -v pkg-config >/dev/null; then
  cp -r "$here/pkg_config" "$here/consumer.cpp" "$work/"
  PKG_CONFIG_PATH="${library%/*}/pkgconfig" make -s -C "$work/pkg_config" CXX="$cxx"
  "$work/pkg_config/consumer"
else
  # The file is plain enough to be read without the tool.
  pc=${library%/*}/pkgconfig/sconce.pc
  flags=$(pcfiledir=${pc%/*} sh -c "$(grep -E '^[a-z]+=' "$pc"); echo \"$(sed -nE 's/^(Cflags|Libs): //p' "$pc" | tr '\n' ' ')\"")
  "$cxx" -std=c++20 "$here/consumer.cpp" $flags -o "$work/consumer" && "$work/consumer"
fi

echo "packaging: add_subdirectory"
werror=$(sed -n 's/^SCONCE_WERROR:BOOL=//p' "$build/CMakeCache.txt")
cmake -S "$here/add_subdirectory" -B "$work/add_subdirectory" -DSCONCE_SOURCE="$source" -DCMAKE_BUILD_TYPE=Debug -DSCONCE_WERROR="$werror" >"$work/log" ||
  { cat "$work/log"; exit 1; }
cmake --build "$work/add_subdirectory" --target consumer --parallel "$jobs" >"$work/log" || { tail -40 "$work/log"; exit 1; }
"$work/add_subdirectory/consumer"

echo "packaging: every public header alone"
(cd "$prefix/include" && find sconce -name '*.h' ! -path sconce/eigen.h) |
  xargs -P "$jobs" -I{} sh -c 'echo "#include <{}>" | "$0" -std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Werror -I"$1" -x c++ - ||
                               { echo "packaging: <{}> does not compile alone"; exit 1; }' "$cxx" "$prefix/include"
if [ -e "$prefix/include/sconce/eigen.h" ]; then
  eigen=$(sed -n 's/^SCONCE_EIGEN_INCLUDE_DIR:[A-Z]*=//p' "$build/CMakeCache.txt")
  echo '#include <sconce/eigen.h>' | "$cxx" -std=c++20 -fsyntax-only -I"$prefix/include" -isystem "$eigen" -x c++ -
fi
"$here/readme.sh" "$source/README.md" "$cxx" -I"$prefix/include" -isystem "$eigen"

# Nothing but the standard library, threads and libdeflate may be left to link, and no dependency's headers to find.
if grep -rnE '#include <(Eigen|nlohmann|CLI|libdeflate)' "$prefix/include" | grep -v '/sconce/eigen.h:'; then
  echo "packaging: a private dependency in a public header"; exit 1
fi

# The law of the house: core sees nobody, and no part sees a sibling. Tried with the flags that each part is really compiled with.
echo "packaging: the include law"
can_include() {  # can_include PART HEADER
  local flags
  flags=$(grep -F "\"command\":" "$build/compile_commands.json" | grep -F "CMakeFiles/sconce_$1.dir/" | head -1 |
          grep -oE -- '(-I|-isystem |-std=)[^ ]+' | tr '\n' ' ')
  # shellcheck disable=SC2086
  echo "#include <$2>" | "$cxx" $flags -fsyntax-only -x c++ - 2>/dev/null
}
for part in core format nn cuda; do
  can_include $part sconce/tensor.h || { echo "packaging: $part cannot include <sconce/tensor.h>"; exit 1; }
  for other in format:sconce/checkpoint.h nn:sconce/nn/nn.h; do
    if [ "${other%%:*}" != $part ] && can_include $part "${other#*:}"; then
      echo "packaging: $part can include <${other#*:}>, which is ${other%%:*}'s"; exit 1
    fi
  done
done
echo "packaging: done"
