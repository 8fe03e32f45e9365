# mcpctl_static(TARGET [SOURCES source...] [LINKS library...])
# Links the objects of the program TARGET once more, as static/TARGET: no shared library,
# no loader, no symbols; it runs in an empty root file system.  SOURCES are compiled once
# more for it, with MCPCTL_STATIC, and stand for the layers' objects of the same files.
add_custom_target(static)
function(mcpctl_static target)
  if(MCPCTL_SANITIZE)
    return()  # a sanitizer's runtime is a shared matter
  endif()
  cmake_parse_arguments(STATIC "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${target}_static $<TARGET_OBJECTS:${target}> ${STATIC_SOURCES})
  target_compile_definitions(${target}_static PRIVATE MCPCTL_STATIC=1)
  target_link_libraries(${target}_static PRIVATE
    $<TARGET_PROPERTY:${target},LINK_LIBRARIES> ${STATIC_LINKS})
  # Not -static: this way it is loaded at a random address, and has the index of frames
  # without which the first exception costs 4 ms.
  target_link_options(${target}_static PRIVATE -static-pie -s)
  set_target_properties(${target}_static PROPERTIES LINKER_LANGUAGE CXX OUTPUT_NAME ${target}
    MCPCTL_STATIC ON RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/static)
  add_dependencies(static ${target}_static)
endfunction()
