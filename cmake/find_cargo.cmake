# One cargo and its own rustc. Debian's cargo may stand beside rustup's, and cargo takes the first rustc of the PATH,
# whosever that is: so the folder of the chosen cargo is put in front of it.
# Sets CARGO_EXECUTABLE, OVENBIRD_CARGO: the command that runs it, and OVENBIRD_CARGO_TARGET: options that name another system.

# An unset variable would make a hint of /bin.
set(cargo_hints "")
if(NOT "$ENV{CARGO_HOME}" STREQUAL "")
    list(APPEND cargo_hints "$ENV{CARGO_HOME}/bin")
endif()
if(NOT "$ENV{HOME}" STREQUAL "")
    list(APPEND cargo_hints "$ENV{HOME}/.cargo/bin")
endif()
if(CMAKE_CROSSCOMPILING)
    # Debian's comes with the source of the standard library, which the other system's is built from.
    find_program(CARGO_EXECUTABLE cargo PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
else()
    find_program(CARGO_EXECUTABLE cargo HINTS ${cargo_hints} REQUIRED)
endif()
get_filename_component(cargo_folder "${CARGO_EXECUTABLE}" DIRECTORY)
find_program(OVENBIRD_RUSTC rustc HINTS "${cargo_folder}" NO_DEFAULT_PATH NO_CACHE)
set(OVENBIRD_CARGO ${CMAKE_COMMAND} -E env "--modify" "PATH=path_list_prepend:${cargo_folder}")
if(OVENBIRD_RUSTC)
    list(APPEND OVENBIRD_CARGO "RUSTC=${OVENBIRD_RUSTC}")
endif()
set(OVENBIRD_CARGO_TARGET "")
if(CMAKE_CROSSCOMPILING)
    set(OVENBIRD_RUST_TARGET x86_64-pc-windows-gnu)
    string(REPLACE - _ target_name ${OVENBIRD_RUST_TARGET})
    string(TOUPPER ${target_name} target_variable)
    # -Zbuild-std is for nightly compilers, but for this variable.
    list(APPEND OVENBIRD_CARGO RUSTC_BOOTSTRAP=1 CC_${target_name}=${CMAKE_C_COMPILER} AR_${target_name}=${CMAKE_AR}
                               CARGO_TARGET_${target_variable}_LINKER=${CMAKE_C_COMPILER}
                               CARGO_TARGET_${target_variable}_RUNNER=${CMAKE_CROSSCOMPILING_EMULATOR})
    # With the test library, which tests need anyway: all crates are built anew for another set of these.
    set(OVENBIRD_CARGO_TARGET --target ${OVENBIRD_RUST_TARGET} -Zbuild-std=std,panic_abort,test)
endif()
list(APPEND OVENBIRD_CARGO ${CARGO_EXECUTABLE})
