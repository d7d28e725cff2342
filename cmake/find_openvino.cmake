# OpenVINO's CMake package lies inside its Python wheel: .venv's own Python is asked where, whatever its version.
# -DOpenVINO_DIR=… names another one. For Windows its C interface is taken from the wheel for Windows, which
# tools/npu_compiler unpacks: its C++ classes have another binary interface than mingw's.
set(OVENBIRD_PYTHON ${PROJECT_SOURCE_DIR}/.venv/bin/python CACHE FILEPATH "Python with requirements-test.txt")

if(WIN32)
    set(OVENBIRD_OPENVINO_WINDOWS ${PROJECT_SOURCE_DIR}/build/npu-compiler CACHE PATH "OpenVINO's wheel for Windows: include/ and libs/")
    execute_process(COMMAND ${OVENBIRD_PYTHON} ${PROJECT_SOURCE_DIR}/tools/npu-compile --setup RESULT_VARIABLE refused ERROR_VARIABLE why)
    if(refused)
        message(FATAL_ERROR "OpenVINO for Windows cannot be had: ${why}")
    endif()
    add_library(openvino::runtime::c INTERFACE IMPORTED GLOBAL)
    target_include_directories(openvino::runtime::c SYSTEM INTERFACE ${OVENBIRD_OPENVINO_WINDOWS}/include)
    # mingw links a DLL by itself.
    target_link_libraries(openvino::runtime::c INTERFACE ${OVENBIRD_OPENVINO_WINDOWS}/libs/openvino_c.dll)
    return()
endif()

if(NOT OpenVINO_DIR)
    execute_process(
        COMMAND ${OVENBIRD_PYTHON} -c
                "import importlib.util as u, pathlib as p; print((p.Path(u.find_spec('openvino').origin).parent / 'cmake').as_posix())"
        OUTPUT_VARIABLE found_folder OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE refused ERROR_QUIET)
    if(refused)
        message(FATAL_ERROR "OpenVINO is not in ${OVENBIRD_PYTHON}: run tools/setup, or give -DOpenVINO_DIR=…")
    endif()
    set(OpenVINO_DIR ${found_folder} CACHE PATH "The folder of OpenVINOConfig.cmake")
endif()
find_package(OpenVINO 2026.4.1 EXACT REQUIRED COMPONENTS Runtime)
