# mcpctl_static(TARGET)
# Links the objects of the program TARGET once more, as static/TARGET: no shared library,
# no loader, no symbols; it runs in an empty root file system.
add_custom_target(static)
function(mcpctl_static target)
  if(MCPCTL_SANITIZE)
    return()  # a sanitizer's runtime is a shared matter
  endif()
  if(NOT LIBSSL_ARCHIVE OR NOT LIBCRYPTO_ARCHIVE)
    message(STATUS "No libssl.a and libcrypto.a here: no static ${target}")
    return()
  endif()
  # Instead of the layer's object that loads OpenSSL, the same source that has it linked.
  add_executable(${target}_static $<TARGET_OBJECTS:${target}> ${PROJECT_SOURCE_DIR}/http/openssl.cc)
  target_compile_definitions(${target}_static PRIVATE MCPCTL_STATIC=1)
  target_link_libraries(${target}_static PRIVATE
    $<TARGET_PROPERTY:${target},LINK_LIBRARIES> ${MCPCTL_OPENSSL_ARCHIVES})
  target_link_options(${target}_static PRIVATE -static -s)
  set_target_properties(${target}_static PROPERTIES LINKER_LANGUAGE CXX OUTPUT_NAME ${target}
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/static)
  add_dependencies(static ${target}_static)
endfunction()
