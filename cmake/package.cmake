# What `cmake --install` lays out, and the .tar.zst and .deb that CPack makes of the same rules.
#   bin/ovenbird, lib/ovenbird/ (the libraries it brings along), share/ (manual, completions, licences)
include(${PROJECT_SOURCE_DIR}/cmake/find_cargo.cmake)
set(library_folder lib/ovenbird)
set(documents ${CMAKE_CURRENT_BINARY_DIR}/documents)

# Manual, completions and licences: made from the program's own words and from what cargo links.
file(GLOB openvino_licences ${OpenVINO_DIR}/../../openvino-${OpenVINO_VERSION}*.dist-info/licenses)
set(document_tools ${PROJECT_SOURCE_DIR}/tools/package_documents ${PROJECT_SOURCE_DIR}/tools/licences
                   ${PROJECT_SOURCE_DIR}/tools/options_reference)
add_custom_command(
    OUTPUT ${documents}/made
    COMMAND ${OVENBIRD_PYTHON} ${PROJECT_SOURCE_DIR}/tools/package_documents $<TARGET_FILE:ovenbird> ${PROJECT_VERSION} ${documents}
    COMMAND ${OVENBIRD_CARGO} metadata --format-version 1 --locked --filter-platform x86_64-unknown-linux-gnu
            --manifest-path ${PROJECT_SOURCE_DIR}/rust/Cargo.toml > ${documents}/crates.json
    COMMAND ${OVENBIRD_PYTHON} ${PROJECT_SOURCE_DIR}/tools/licences ${documents}/crates.json ${openvino_licences} ${documents}/third-party-licences.txt
    COMMAND ${CMAKE_COMMAND} -E touch ${documents}/made
    DEPENDS ovenbird ${document_tools} ${PROJECT_SOURCE_DIR}/rust/Cargo.lock
    COMMENT "Making the manual, completions and licences"
    VERBATIM)
add_custom_target(ovenbird_documents DEPENDS ${documents}/made)

install(CODE "if(NOT EXISTS \"${documents}/made\")
    message(FATAL_ERROR \"${documents}: the manual and licences are not made yet; first: cmake --build ${PROJECT_BINARY_DIR} --target ovenbird_documents\")
endif()")
set_target_properties(ovenbird PROPERTIES INSTALL_RPATH "$ORIGIN/../${library_folder}")
install(TARGETS ovenbird RUNTIME DESTINATION bin)

# OpenVINO: the runtime and its C interface, the plugins of the three devices and those that forward to them, the reader of its own format,
# the GPU's table of tuned kernels, and TBB with what tells it of fast and slow cores. No other reader is used.
get_target_property(openvino_library openvino::runtime LOCATION)
get_filename_component(openvino_folder ${openvino_library} DIRECTORY)
get_filename_component(openvino_name ${openvino_library} NAME)
string(REPLACE "libopenvino.so" "" openvino_suffix ${openvino_name})
set(openvino_files ${openvino_name} libopenvino_c.so${openvino_suffix} libopenvino_ir_frontend.so${openvino_suffix} libopenvino_intel_cpu_plugin.so
                   libopenvino_intel_gpu_plugin.so libopenvino_intel_npu_plugin.so libopenvino_auto_plugin.so
                   libopenvino_auto_batch_plugin.so libopenvino_hetero_plugin.so libtbb.so.12 libtbbmalloc.so.2
                   libtbbbind_2_5.so.3 libhwloc.so.15 cache.json)
list(TRANSFORM openvino_files PREPEND ${openvino_folder}/)
install(FILES ${openvino_files} DESTINATION ${library_folder})

# Debian's names of these libraries are Debian's alone: they are brought along.
foreach(library fmt::fmt spdlog::spdlog)
    get_target_property(kind ${library} TYPE)
    if(kind STREQUAL SHARED_LIBRARY)
        install(FILES $<TARGET_FILE:${library}> DESTINATION ${library_folder} RENAME $<TARGET_SONAME_FILE_NAME:${library}>)
    endif()
endforeach()

install(FILES ${documents}/ovenbird.1 DESTINATION share/man/man1)
install(FILES ${documents}/completion.bash DESTINATION share/bash-completion/completions RENAME ovenbird)
install(FILES ${documents}/completion.zsh DESTINATION share/zsh/vendor-completions RENAME _ovenbird)
install(FILES ${documents}/completion.fish DESTINATION share/fish/vendor_completions.d RENAME ovenbird.fish)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION share/doc/ovenbird)
install(FILES ${PROJECT_SOURCE_DIR}/NOTICE DESTINATION share/doc/ovenbird RENAME copyright)
install(FILES ${documents}/third-party-licences.txt DESTINATION share/doc/ovenbird)

set(CPACK_GENERATOR TZST DEB)
set(CPACK_PACKAGE_NAME ovenbird)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "The Ovenbird developers <ovenbird@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "bakes language models for Intel NPUs and runs them")
set(CPACK_PACKAGE_FILE_NAME ovenbird-${PROJECT_VERSION}-linux-x86_64)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/package)
set(CPACK_STRIP_FILES ON)
set(CPACK_ARCHIVE_THREADS 0)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE zstd)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "One program that turns a language model into a static INT4 OpenVINO model, the only\n kind that an Intel NPU takes, and runs it on NPU, GPU or CPU. OpenVINO is inside.")
# Held true by tests/package/check_files.py: no file asks for more.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libc6 (>= 2.35), libgcc-s1, libstdc++6 (>= 12)")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates, libze1 (>= 1.17.17) | level-zero, ocl-icd-libopencl1")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "intel-level-zero-npu, intel-opencl-icd")
include(CPack)
