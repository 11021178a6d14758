# Each dependency: the system's package when there is one, else a pinned upstream release. Nothing is vendored.
# Every one is reached through a target sconce_<name> with system includes, so that its warnings stay its own.
option(SCONCE_SYSTEM_DEPENDENCIES "Use installed dependencies where they are found" ON)
include(FetchContent)
find_package(Threads REQUIRED)

# The headers of a release, without its build: SOURCE_SUBDIR names a folder that has no CMakeLists.txt.
function(sconce_fetch_headers name folder url hash)
  message(STATUS "sconce: ${name} is not installed, fetching it")
  FetchContent_Declare(sconce_${name}_release URL ${url} URL_HASH SHA256=${hash} DOWNLOAD_EXTRACT_TIMESTAMP FALSE SOURCE_SUBDIR none)
  FetchContent_MakeAvailable(sconce_${name}_release)
  target_include_directories(sconce_${name} SYSTEM INTERFACE ${sconce_${name}_release_SOURCE_DIR}/${folder})
endfunction()

# sconce_headers(<name> <header> <suffixes> <folder in the release> <url> <SHA-256>): a library of headers only.
function(sconce_headers name header suffixes folder url hash)
  add_library(sconce_${name} INTERFACE)
  string(TOUPPER SCONCE_${name}_INCLUDE_DIR variable)
  if(SCONCE_SYSTEM_DEPENDENCIES)
    find_path(${variable} ${header} PATH_SUFFIXES ${suffixes})
    mark_as_advanced(${variable})
  endif()
  if(${variable})
    target_include_directories(sconce_${name} SYSTEM INTERFACE ${${variable}})
  else()
    sconce_fetch_headers(${name} "${folder}" ${url} ${hash})
  endif()
endfunction()

# Eigen: for the CPU kernels. Users need it only when they include <sconce/eigen.h>.
sconce_headers(eigen Eigen/Core "eigen3" "" https://gitlab.com/libeigen/eigen/-/archive/3.4.0/eigen-3.4.0.tar.gz
               8586084f71f9bde545ee7fa6d00288b264a2b7ac3607b974e54d13e7162c1c72)
target_compile_definitions(sconce_eigen INTERFACE EIGEN_DONT_PARALLELIZE EIGEN_MAX_ALIGN_BYTES=64)

# nlohmann-json: private to format, the program and the tests.
sconce_headers(json nlohmann/json.hpp "" "include" https://github.com/nlohmann/json/releases/download/v3.11.3/json.tar.xz
               d6c65aca6b1ed68e7a182f4757257b107ae403032760ed6ef121c9d55e81757d)

# libdeflate: inflate and CRC-32. The only one that the static library needs at link time.
add_library(sconce_libdeflate INTERFACE)
if(SCONCE_SYSTEM_DEPENDENCIES)
  find_path(LIBDEFLATE_INCLUDE_DIR libdeflate.h)
  find_library(LIBDEFLATE_LIBRARY deflate)
  mark_as_advanced(LIBDEFLATE_INCLUDE_DIR LIBDEFLATE_LIBRARY)
endif()
if(LIBDEFLATE_INCLUDE_DIR AND LIBDEFLATE_LIBRARY)
  target_include_directories(sconce_libdeflate SYSTEM INTERFACE ${LIBDEFLATE_INCLUDE_DIR})
  target_link_libraries(sconce_libdeflate INTERFACE ${LIBDEFLATE_LIBRARY})
else()
  message(STATUS "sconce: libdeflate is not installed, fetching it")
  enable_language(C)
  set(LIBDEFLATE_BUILD_SHARED_LIB OFF CACHE BOOL "")
  set(LIBDEFLATE_BUILD_GZIP OFF CACHE BOOL "")
  # It is installed beside the library, where the installed configuration looks for it.
  set(LIBDEFLATE_INSTALL ON CACHE BOOL "")
  FetchContent_Declare(libdeflate URL https://github.com/ebiggers/libdeflate/archive/refs/tags/v1.22.tar.gz
                       URL_HASH SHA256=7f343c7bf2ba46e774d8a632bf073235e1fd27723ef0a12a90f8947b7fe851d6 DOWNLOAD_EXTRACT_TIMESTAMP FALSE)
  FetchContent_MakeAvailable(libdeflate)
  target_include_directories(sconce_libdeflate SYSTEM INTERFACE ${libdeflate_SOURCE_DIR})
  target_link_libraries(sconce_libdeflate INTERFACE libdeflate_static)
endif()

if(SCONCE_CLI OR SCONCE_TESTS OR SCONCE_BENCH)
  sconce_headers(cli11 CLI/CLI.hpp "" "include" https://github.com/CLIUtils/CLI11/archive/refs/tags/v2.4.2.tar.gz
                 f2d893a65c3b1324c50d4e682c0cdc021dd0477ae2c048544f39eed6654b699a)
  # stb has no releases, so the pin is a commit. Included as <stb_image.h>.
  sconce_headers(stb stb_image.h "stb" "" https://github.com/nothings/stb/archive/5c205738c191bcb0abc65c4febfa9bd25ff35234.tar.gz
                 cfeab9f800961882d6d22ddf36e965523b33002f4f937de08321304c9ba72af3)
endif()
if(SCONCE_TESTS)
  sconce_headers(doctest doctest/doctest.h "" "" https://github.com/doctest/doctest/archive/refs/tags/v2.4.11.tar.gz
                 632ed2c05a7f53fa961381497bf8069093f0d6628c5f26286161fbd32a560186)
endif()
