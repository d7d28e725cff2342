# The .zip for Windows: one folder with the program, OpenVINO's DLLs and what they need, and a README of one screen.
include(${PROJECT_SOURCE_DIR}/cmake/find_cargo.cmake)
set(documents ${CMAKE_CURRENT_BINARY_DIR}/documents)
set(package_folder ovenbird)

add_custom_command(
    OUTPUT ${documents}/made
    COMMAND ${CMAKE_COMMAND} -E make_directory ${documents}
    COMMAND ${OVENBIRD_CARGO} metadata --format-version 1 --locked --filter-platform x86_64-pc-windows-gnu
            --manifest-path ${PROJECT_SOURCE_DIR}/rust/Cargo.toml > ${documents}/crates.json
    COMMAND ${OVENBIRD_PYTHON} ${PROJECT_SOURCE_DIR}/tools/licences ${documents}/crates.json ${OVENBIRD_OPENVINO_WINDOWS}/licenses
            ${documents}/third-party-licences.txt
    # The C++ runtime that OpenVINO's DLLs ask for, as Microsoft lets programs bring it along.
    COMMAND ${PROJECT_SOURCE_DIR}/tools/windows/msvc_runtime ${documents}/runtime
    COMMAND ${CMAKE_COMMAND} -E touch ${documents}/made
    DEPENDS ${PROJECT_SOURCE_DIR}/tools/licences ${PROJECT_SOURCE_DIR}/tools/windows/msvc_runtime ${PROJECT_SOURCE_DIR}/rust/Cargo.lock
    COMMENT "Collecting licences and the C++ runtime"
    VERBATIM)
add_custom_target(ovenbird_documents DEPENDS ${documents}/made)

install(TARGETS ovenbird RUNTIME DESTINATION ${package_folder})
# The runtime, the three devices and those that forward to them, the NPU's compiler, the reader of its own format, TBB.
set(openvino_files openvino.dll openvino_c.dll openvino_ir_frontend.dll openvino_intel_cpu_plugin.dll openvino_intel_gpu_plugin.dll
                   openvino_intel_npu_plugin.dll openvino_intel_npu_compiler.dll openvino_intel_npu_compiler_loader.dll
                   openvino_intel_npu_vm_runtime.dll openvino_auto_plugin.dll openvino_auto_batch_plugin.dll openvino_hetero_plugin.dll
                   tbb12.dll tbbmalloc.dll tbbbind_2_5.dll)
list(TRANSFORM openvino_files PREPEND ${OVENBIRD_OPENVINO_WINDOWS}/libs/)
install(FILES ${openvino_files} DESTINATION ${package_folder})
install(DIRECTORY ${documents}/runtime/ DESTINATION ${package_folder} FILES_MATCHING PATTERN "*.dll")
install(FILES ${PROJECT_SOURCE_DIR}/packaging/windows/README.txt DESTINATION ${package_folder})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${package_folder} RENAME LICENSE.txt)
install(FILES ${PROJECT_SOURCE_DIR}/NOTICE DESTINATION ${package_folder} RENAME NOTICE.txt)
install(FILES ${documents}/third-party-licences.txt DESTINATION ${package_folder})

set(CPACK_GENERATOR ZIP)
set(CPACK_PACKAGE_NAME ovenbird)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_FILE_NAME ovenbird-${PROJECT_VERSION}-windows-x86_64)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/package)
set(CPACK_INCLUDE_TOPLEVEL_DIRECTORY OFF)
set(CPACK_STRIP_FILES ON)
include(CPack)
