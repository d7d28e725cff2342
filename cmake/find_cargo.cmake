# One cargo and its own rustc. Debian's cargo may stand beside rustup's, and cargo takes the first rustc of the PATH,
# whosever that is: so the folder of the chosen cargo is put in front of it.
# Sets CARGO_EXECUTABLE, and OVENBIRD_CARGO: the command that runs it.

# An unset variable would make a hint of /bin.
set(cargo_hints "")
if(NOT "$ENV{CARGO_HOME}" STREQUAL "")
    list(APPEND cargo_hints "$ENV{CARGO_HOME}/bin")
endif()
if(NOT "$ENV{HOME}" STREQUAL "")
    list(APPEND cargo_hints "$ENV{HOME}/.cargo/bin")
endif()
find_program(CARGO_EXECUTABLE cargo HINTS ${cargo_hints} REQUIRED)
get_filename_component(cargo_folder "${CARGO_EXECUTABLE}" DIRECTORY)
find_program(OVENBIRD_RUSTC rustc HINTS "${cargo_folder}" NO_DEFAULT_PATH NO_CACHE)
set(OVENBIRD_CARGO ${CMAKE_COMMAND} -E env "--modify" "PATH=path_list_prepend:${cargo_folder}")
if(OVENBIRD_RUSTC)
    list(APPEND OVENBIRD_CARGO "RUSTC=${OVENBIRD_RUSTC}")
endif()
list(APPEND OVENBIRD_CARGO ${CARGO_EXECUTABLE})
