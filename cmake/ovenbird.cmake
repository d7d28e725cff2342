# The two things that every room's CMakeLists.txt says: what it is made of and what it may call.
include(GoogleTest)

add_library(ovenbird_flags INTERFACE)
# A warning is an error where the project is tested, and no reason to be left without the program where it is built with
# another compiler. gcc 12's -Wrestrict is wrong about std::string where it inlines (GCC bug 105651).
if(WIN32 OR NOT CMAKE_BUILD_TYPE STREQUAL "Release")
    set(warnings_are_errors -Werror)
endif()
target_compile_options(ovenbird_flags INTERFACE -Wall -Wextra ${warnings_are_errors} -Wno-psabi $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
    # Wrong about aggregates with a base in a braced list, and strings in variants, from -O2 on (what is tested is -O1).
    target_compile_options(ovenbird_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
    if(NOT WIN32)
        target_compile_options(ovenbird_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds>)
    endif()
endif()
target_include_directories(ovenbird_flags INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
if(OVENBIRD_SANITIZE)
    # Undefined behaviour is looked for in what is tested, not in the tests: they compile in half the time without.
    set(of_a_test $<BOOL:$<TARGET_PROPERTY:OVENBIRD_TEST>>)
    target_compile_options(ovenbird_flags INTERFACE -fsanitize=address$<$<NOT:${of_a_test}>:,undefined> -fno-sanitize-recover=all
                                                    -fno-omit-frame-pointer)
    target_link_options(ovenbird_flags INTERFACE -fsanitize=address,undefined)
    # An object, not a library: it must come before every library's dlopen.
    add_library(ovenbird_asan_dlopen OBJECT ${PROJECT_SOURCE_DIR}/tools/asan_dlopen.c)
endif()
if(OVENBIRD_TSAN)
    target_compile_options(ovenbird_flags INTERFACE -fsanitize=thread)
    target_link_options(ovenbird_flags INTERFACE -fsanitize=thread)
endif()

# ovenbird_room(NAME SOURCES a.cpp b.cpp CALLS room1 room2 OpenVINO::Runtime ...)
# A static library ovenbird_NAME. CALLS lists what it may use; anything else is a link error in its test.
function(ovenbird_room name)
    cmake_parse_arguments(ROOM "" "" "SOURCES;CALLS" ${ARGN})
    add_library(ovenbird_${name} STATIC ${ROOM_SOURCES})
    target_link_libraries(ovenbird_${name} PUBLIC ovenbird_flags ${ROOM_CALLS})
endfunction()

# ovenbird_executable(NAME SOURCES a.cpp ... CALLS room ...)
function(ovenbird_executable name)
    cmake_parse_arguments(ROOM "" "" "SOURCES;CALLS" ${ARGN})
    add_executable(${name} ${ROOM_SOURCES})
    target_link_libraries(${name} PRIVATE ovenbird_flags ${ROOM_CALLS})
    if(TARGET ovenbird_asan_dlopen)
        target_sources(${name} PRIVATE $<TARGET_OBJECTS:ovenbird_asan_dlopen>)
    endif()
endfunction()

# ovenbird_room_test(NAME SOURCES a_test.cpp ... [CALLS extra ...]) - ovenbird_NAME_test, links only room NAME.
# For ctest each of its tests is one; for Windows the program is.
function(ovenbird_room_test name)
    cmake_parse_arguments(ROOM "" "" "SOURCES;CALLS" ${ARGN})
    ovenbird_executable(ovenbird_${name}_test SOURCES ${ROOM_SOURCES}
                        CALLS ovenbird_${name} ${ROOM_CALLS} GTest::gtest GTest::gtest_main)
    set_target_properties(ovenbird_${name}_test PROPERTIES OVENBIRD_TEST ON)
    target_compile_definitions(ovenbird_${name}_test
                               PRIVATE OVENBIRD_TESTDATA="${PROJECT_SOURCE_DIR}/testdata")
    if(WIN32)
        # One start of Wine for all of them: it takes longer than most of the tests.
        add_test(NAME ${name} COMMAND ${PROJECT_SOURCE_DIR}/tools/windows/run_test $<TARGET_FILE:ovenbird_${name}_test>)
        set_tests_properties(${name} PROPERTIES LABELS ${name} SKIP_REGULAR_EXPRESSION "\\[  SKIPPED \\]")
    else()
        gtest_discover_tests(ovenbird_${name}_test DISCOVERY_TIMEOUT 60 PROPERTIES LABELS ${name})
    endif()
endfunction()
