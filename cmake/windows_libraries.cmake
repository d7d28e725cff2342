# The libraries that Debian has for Linux only: headers alone, which are the same everywhere, and GoogleTest from its source.
# A folder of links keeps the rest of /usr/include, which is Linux's, out of the search.
set(header_folder ${PROJECT_BINARY_DIR}/headers)
file(MAKE_DIRECTORY ${header_folder})
foreach(library fmt spdlog nlohmann CLI)
    if(NOT EXISTS /usr/include/${library})
        message(FATAL_ERROR "/usr/include/${library} is missing: run tools/setup")
    endif()
    file(CREATE_LINK /usr/include/${library} ${header_folder}/${library} SYMBOLIC)
endforeach()

function(header_library name)
    add_library(${name} INTERFACE IMPORTED GLOBAL)
    target_include_directories(${name} SYSTEM INTERFACE ${header_folder})
    target_compile_definitions(${name} INTERFACE ${ARGN})
endfunction()
header_library(fmt::fmt FMT_HEADER_ONLY)
header_library(nlohmann_json::nlohmann_json)
header_library(CLI11::CLI11)
header_library(spdlog::spdlog SPDLOG_FMT_EXTERNAL FMT_HEADER_ONLY)

# What tests run is baked by the building system's own program: this one bakes nothing.
set(OVENBIRD_BAKER ${PROJECT_SOURCE_DIR}/build/dev/ovenbird CACHE FILEPATH "A finished program of the system that builds")

set(INSTALL_GTEST OFF)
add_subdirectory(/usr/src/googletest ${PROJECT_BINARY_DIR}/googletest EXCLUDE_FROM_ALL)
# Newer ones name their targets so themselves.
if(NOT TARGET GTest::gtest)
    add_library(GTest::gtest ALIAS gtest)
    add_library(GTest::gtest_main ALIAS gtest_main)
endif()
