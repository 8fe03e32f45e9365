# How everything of ours is compiled: mcpctl_flags carries it.
option(MCPCTL_FUZZ "Build the libFuzzer targets (needs clang)" OFF)
set(MCPCTL_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=")

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
# A stack trace with lines; values of variables are for the debug build.  What -g writes
# besides takes a quarter of the compiler's time.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")

find_program(CCACHE ccache)
if(CCACHE)
  # Two checkouts of the same sources share what was compiled.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_CURRENT_SOURCE_DIR}
      CCACHE_NOHASHDIR=1 ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()
# No path of the builder's machine ends in the binary.
add_compile_options(-ffile-prefix-map=${CMAKE_CURRENT_SOURCE_DIR}/=)

add_library(mcpctl_flags INTERFACE)
target_include_directories(mcpctl_flags INTERFACE ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_definitions(mcpctl_flags INTERFACE _GNU_SOURCE MCPCTL_VERSION="${PROJECT_VERSION}")
target_compile_options(mcpctl_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fno-omit-frame-pointer)

if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_UNITY_BUILD)
  # Of code that it inlines across files GCC 12 believes that the value of a
  # std::expected is read without a look at has_value(); and it takes a unity file's
  # sources for headers, in which a field of an unnamed namespace's type would be wrong.
  target_compile_options(mcpctl_flags INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized;-Wno-subobject-linkage>)
endif()

# A broken invariant of the standard library's ends the process like one of ours
# (the warden cleans up); it never goes on with what lies beyond the array.
target_compile_definitions(mcpctl_flags INTERFACE _GLIBCXX_ASSERTIONS)
if(NOT MCPCTL_SANITIZE)
  target_compile_options(mcpctl_flags INTERFACE -fstack-protector-strong)
  add_link_options(-Wl,-z,relro,-z,now)
  # What a random address changes, listed in a hundredth of the room: each start reads it.
  include(CheckLinkerFlag)
  check_linker_flag(CXX LINKER:-z,pack-relative-relocs MCPCTL_PACKS_RELOCATIONS)
  if(MCPCTL_PACKS_RELOCATIONS)
    add_link_options(LINKER:-z,pack-relative-relocs)
  endif()
endif()

if(MCPCTL_SANITIZE)
  target_compile_definitions(mcpctl_flags INTERFACE MCPCTL_SANITIZED)
  # -g1: a stack trace with lines is all that a finding needs.
  add_compile_options(-fsanitize=${MCPCTL_SANITIZE} -fno-sanitize-recover=all -g1)
  add_link_options(-fsanitize=${MCPCTL_SANITIZE})
endif()

# libuv, libstdc++ and libgcc go into the binary always: it starts faster, holds
# less memory per process and runs where no C++ runtime is installed.  What is static as a
# whole (McpctlStatic.cmake) is not told so: it would get a shared libc all the same.
if(NOT MCPCTL_SANITIZE)
  set(shares $<NOT:$<BOOL:$<TARGET_PROPERTY:MCPCTL_STATIC>>>)
  add_link_options($<${shares}:-static-libstdc++> $<${shares}:-static-libgcc>)
endif()

# mcpctl_debug_beside(TARGET): what a release does not run stands in TARGET.debug, where
# debuggers and profilers look for it.  The program is a sixth of the size then.
function(mcpctl_debug_beside target)
  if(MCPCTL_SANITIZE OR MCPCTL_FUZZ OR NOT CMAKE_OBJCOPY
     OR NOT CMAKE_BUILD_TYPE STREQUAL RelWithDebInfo)
    return()
  endif()
  set(file $<TARGET_FILE:${target}>)
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND ${CMAKE_OBJCOPY} --only-keep-debug ${file} ${file}.debug
    COMMAND ${CMAKE_OBJCOPY} --strip-all --add-gnu-debuglink=${file}.debug ${file} ${file}.stripped
    COMMAND ${CMAKE_COMMAND} -E rename ${file}.stripped ${file}
    VERBATIM)
endfunction()

# mcpctl_start_first(TARGET): what each start runs stands together in the program (start.ld),
# if the linker takes such a script.
function(mcpctl_start_first target)
  if(MCPCTL_SANITIZE OR MCPCTL_FUZZ)
    return()
  endif()
  set(script ${PROJECT_SOURCE_DIR}/cmake/start.ld)
  check_linker_flag(CXX LINKER:-T,${script} MCPCTL_ORDERS_SECTIONS)
  if(MCPCTL_ORDERS_SECTIONS)
    target_compile_options(mcpctl_cli PRIVATE -ffunction-sections)
    target_link_options(${target} PRIVATE LINKER:-T,${script})
    set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${script})
  endif()
endfunction()
