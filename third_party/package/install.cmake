# What `cmake --install` puts into a prefix: headers, the archive, a CMake package and a pkg-config file.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/sconce)

foreach(part IN LISTS sconce_parts)
  if(IS_DIRECTORY ${PROJECT_SOURCE_DIR}/${part}/sconce)
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/${part}/sconce DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
  endif()
endforeach()
install(FILES ${PROJECT_BINARY_DIR}/include/sconce/sconce.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/sconce)

install(TARGETS sconce EXPORT sconceTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT sconceTargets NAMESPACE sconce:: DESTINATION ${package_dir})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/sconceConfig.cmake.in ${PROJECT_BINARY_DIR}/sconceConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/sconceConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/sconceConfig.cmake ${PROJECT_BINARY_DIR}/sconceConfigVersion.cmake DESTINATION ${package_dir})

# The prefix is taken from where the .pc file lies, so that an installed tree can be moved.
file(RELATIVE_PATH pc_to_prefix /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(${CMAKE_CURRENT_LIST_DIR}/sconce.pc.in ${PROJECT_BINARY_DIR}/sconce.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/sconce.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
