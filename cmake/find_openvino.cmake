# OpenVINO's CMake package lies inside its Python wheel: .venv's own Python is asked where, whatever its version.
# -DOpenVINO_DIR=… names another one.
if(WIN32)
    set(venv_python ${PROJECT_SOURCE_DIR}/.venv/Scripts/python.exe)
else()
    set(venv_python ${PROJECT_SOURCE_DIR}/.venv/bin/python)
endif()
set(OVENBIRD_PYTHON ${venv_python} CACHE FILEPATH "Python with requirements-test.txt")

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
