# What `cmake --install` puts where, and the Debian package of it: `--target deb`.
# The package installs files and does nothing: no user made, no service enabled.
set(package_files ${PROJECT_BINARY_DIR}/package)
file(MAKE_DIRECTORY ${package_files})

# Made by the program itself, so that they know every option it has.
foreach(shell bash zsh fish)
  list(APPEND completions ${package_files}/completion.${shell})
  add_custom_command(OUTPUT ${package_files}/completion.${shell}
    COMMAND mcpctl completion ${shell} > ${package_files}/completion.${shell} DEPENDS mcpctl)
endforeach()
add_custom_command(OUTPUT ${package_files}/mcpctl.1.gz
  COMMAND gzip -9nc ${PROJECT_SOURCE_DIR}/man/mcpctl.1 > ${package_files}/mcpctl.1.gz
  DEPENDS man/mcpctl.1)
add_custom_command(OUTPUT ${package_files}/changelog.gz
  COMMAND gzip -9nc ${PROJECT_SOURCE_DIR}/CHANGELOG.md > ${package_files}/changelog.gz
  DEPENDS CHANGELOG.md)
add_custom_target(package_files ALL
  DEPENDS ${completions} ${package_files}/mcpctl.1.gz ${package_files}/changelog.gz)

# The example's unit is for a build of one's own; a package's programs are in /usr/bin.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS examples/systemd/mcpctl.service)
file(READ examples/systemd/mcpctl.service unit)
string(REPLACE /usr/local/bin /usr/bin unit "${unit}")
file(CONFIGURE OUTPUT ${package_files}/mcpctl.service CONTENT "${unit}" @ONLY)

install(TARGETS mcpctl)
install(FILES ${package_files}/mcpctl.1.gz DESTINATION share/man/man1)
install(FILES ${package_files}/completion.bash
  DESTINATION share/bash-completion/completions RENAME mcpctl)
install(FILES ${package_files}/completion.zsh
  DESTINATION share/zsh/vendor-completions RENAME _mcpctl)
install(FILES ${package_files}/completion.fish
  DESTINATION share/fish/vendor_completions.d RENAME mcpctl.fish)
install(FILES ${package_files}/mcpctl.service DESTINATION lib/systemd/system)
install(FILES README.md packaging/copyright ${package_files}/changelog.gz
  DESTINATION share/doc/mcpctl)
install(DIRECTORY docs DESTINATION share/doc/mcpctl)
# The licences of what is linked into the binary travel with it.
foreach(linked libuv1-dev node-llhttp nlohmann-json3-dev libcli11-dev libspdlog-dev libfmt-dev)
  install(FILES /usr/share/doc/${linked}/copyright
    DESTINATION share/doc/mcpctl/linked RENAME ${linked} OPTIONAL)
endforeach()

set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY TRUE)  # the tests are no part of it
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES TRUE)
set(CPACK_PACKAGE_CONTACT "mcpctl maintainers <maintainers@mcpctl.invalid>")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS TRUE)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libssl3 (>= 3.0.0)")  # loaded, not linked: http/openssl.h
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Starts every server of an mcp.json, proves each one ready with a real MCP
round trip, restarts what crashes, and stops all of it without leaving a
process behind.")
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE
    GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
include(CPack)
add_custom_target(deb COMMAND ${CMAKE_CPACK_COMMAND} -G DEB
  WORKING_DIRECTORY ${PROJECT_BINARY_DIR} DEPENDS mcpctl package_files USES_TERMINAL)
