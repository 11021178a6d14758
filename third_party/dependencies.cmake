# Each dependency: the system's package when there is one, else a pinned upstream release. Nothing is vendored.
include(FetchContent)
find_package(Threads REQUIRED)

# Eigen: headers only, for the CPU kernels. Users need it only when they include <sconce/eigen.h>.
add_library(sconce_eigen INTERFACE)
find_package(Eigen3 3.4 QUIET NO_MODULE)
target_link_libraries(sconce_eigen INTERFACE Eigen3::Eigen)
target_compile_definitions(sconce_eigen INTERFACE EIGEN_DONT_PARALLELIZE EIGEN_MAX_ALIGN_BYTES=64)

# libdeflate: inflate and CRC-32.
add_library(sconce_libdeflate INTERFACE)
find_path(LIBDEFLATE_INCLUDE_DIR libdeflate.h)
find_library(LIBDEFLATE_LIBRARY deflate)
target_include_directories(sconce_libdeflate SYSTEM INTERFACE ${LIBDEFLATE_INCLUDE_DIR})
target_link_libraries(sconce_libdeflate INTERFACE ${LIBDEFLATE_LIBRARY})

# nlohmann-json: private to format, the program and the tests.
add_library(sconce_json INTERFACE)
find_package(nlohmann_json 3.11 QUIET)
target_link_libraries(sconce_json INTERFACE nlohmann_json::nlohmann_json)

if(SCONCE_CLI)
  find_package(CLI11 QUIET)
endif()
if(SCONCE_TESTS)
  find_package(doctest QUIET)
endif()
