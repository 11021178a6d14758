# Each dependency: the system's package when there is one, else a pinned upstream release. Nothing is vendored.
# Every one is reached through a target sconce_<name> with system includes, so that its warnings stay its own.
option(SCONCE_SYSTEM_DEPENDENCIES "Use installed dependencies where they are found" ON)
include(FetchContent)
find_package(Threads REQUIRED)

# The headers of a release, without its build: SOURCE_SUBDIR names a folder that has no CMakeLists.txt.
function(sconce_fetch_headers name folder)
  message(STATUS "sconce: ${name} is not installed, fetching it")
  FetchContent_Declare(sconce_${name}_release ${ARGN} SOURCE_SUBDIR none)
  FetchContent_MakeAvailable(sconce_${name}_release)
  target_include_directories(sconce_${name} SYSTEM INTERFACE ${sconce_${name}_release_SOURCE_DIR}/${folder})
endfunction()

# sconce_headers(<name> <header> <suffixes> <folder in the release> <release>...): a library of headers only.
function(sconce_headers name header suffixes folder)
  add_library(sconce_${name} INTERFACE)
  string(TOUPPER SCONCE_${name}_INCLUDE_DIR variable)
  if(SCONCE_SYSTEM_DEPENDENCIES)
    find_path(${variable} ${header} PATH_SUFFIXES ${suffixes})
    mark_as_advanced(${variable})
  endif()
  if(${variable})
    target_include_directories(sconce_${name} SYSTEM INTERFACE ${${variable}})
  else()
    sconce_fetch_headers(${name} "${folder}" ${ARGN})
  endif()
endfunction()

# Eigen: for the CPU kernels. Users need it only when they include <sconce/eigen.h>.
sconce_headers(eigen Eigen/Core "eigen3" "" GIT_REPOSITORY https://gitlab.com/libeigen/eigen.git GIT_TAG 3.4.0 GIT_SHALLOW TRUE)
target_compile_definitions(sconce_eigen INTERFACE EIGEN_DONT_PARALLELIZE EIGEN_MAX_ALIGN_BYTES=64)

# nlohmann-json: private to format, the program and the tests.
sconce_headers(json nlohmann/json.hpp "" "include"
               GIT_REPOSITORY https://github.com/nlohmann/json.git GIT_TAG v3.11.3 GIT_SHALLOW TRUE)

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
  FetchContent_Declare(libdeflate GIT_REPOSITORY https://github.com/ebiggers/libdeflate.git GIT_TAG v1.22 GIT_SHALLOW TRUE)
  FetchContent_MakeAvailable(libdeflate)
  target_include_directories(sconce_libdeflate SYSTEM INTERFACE ${libdeflate_SOURCE_DIR})
  target_link_libraries(sconce_libdeflate INTERFACE libdeflate_static)
endif()

if(SCONCE_CLI OR SCONCE_TESTS OR SCONCE_BENCH)
  sconce_headers(cli11 CLI/CLI.hpp "" "include"
                 GIT_REPOSITORY https://github.com/CLIUtils/CLI11.git GIT_TAG v2.4.2 GIT_SHALLOW TRUE)
  # stb has no releases, so the pin is a commit. Included as <stb_image.h>.
  sconce_headers(stb stb_image.h "stb" ""
                 URL https://github.com/nothings/stb/archive/5c205738c191bcb0abc65c4febfa9bd25ff35234.tar.gz
                 URL_HASH SHA256=cfeab9f800961882d6d22ddf36e965523b33002f4f937de08321304c9ba72af3)
endif()
if(SCONCE_TESTS)
  sconce_headers(doctest doctest/doctest.h "" ""
                 GIT_REPOSITORY https://github.com/doctest/doctest.git GIT_TAG v2.4.11 GIT_SHALLOW TRUE)
endif()
