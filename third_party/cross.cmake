# Toolchain of `make cross`: Debian's cross compiler for SCONCE_CROSS (s390x, aarch64), programs linked statically so that
# qemu's user mode runs them without a system of that kind.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${SCONCE_CROSS})
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES SCONCE_CROSS)
set(CMAKE_CXX_COMPILER ${SCONCE_CROSS}-linux-gnu-g++)
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-${SCONCE_CROSS}-static)
set(LIBDEFLATE_LIBRARY /usr/lib/${SCONCE_CROSS}-linux-gnu/libdeflate.a CACHE FILEPATH "")
