# All from the distribution's packages; nothing is downloaded.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# libuv: the static archive where the package has one.
pkg_check_modules(LIBUV REQUIRED libuv)
find_library(LIBUV_ARCHIVE NAMES libuv_a.a libuv.a HINTS ${LIBUV_LIBRARY_DIRS})
add_library(mcpctl_libuv INTERFACE)
target_include_directories(mcpctl_libuv SYSTEM INTERFACE ${LIBUV_INCLUDE_DIRS})
if(LIBUV_ARCHIVE)
  target_link_libraries(mcpctl_libuv INTERFACE ${LIBUV_ARCHIVE} Threads::Threads dl rt)
else()
  target_link_libraries(mcpctl_libuv INTERFACE ${LIBUV_LINK_LIBRARIES} Threads::Threads)
endif()
add_library(mcpctl::libuv ALIAS mcpctl_libuv)

# llhttp: the distribution packs the generated C sources with node-llhttp.
find_path(LLHTTP_INCLUDE llhttp.h PATHS /usr/share/include/llhttp /usr/include REQUIRED)
find_path(LLHTTP_SOURCE llhttp.c PATHS /usr/share/llhttp REQUIRED)
add_library(mcpctl_llhttp STATIC
  ${LLHTTP_SOURCE}/llhttp.c ${LLHTTP_SOURCE}/api.c ${LLHTTP_SOURCE}/http.c)
target_include_directories(mcpctl_llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE})
target_compile_definitions(mcpctl_llhttp PRIVATE LLHTTP_STRICT_MODE=1)
set_target_properties(mcpctl_llhttp PROPERTIES UNITY_BUILD OFF)
add_library(mcpctl::llhttp ALIAS mcpctl_llhttp)

# OpenSSL: http/openssl.h loads the system's when TLS is wanted; the static program links
# the archives; the tests' own TLS server links the shared libraries (OpenSSL::SSL).
find_package(OpenSSL 3.0 REQUIRED COMPONENTS SSL Crypto)
add_library(mcpctl_openssl INTERFACE)
target_include_directories(mcpctl_openssl SYSTEM INTERFACE ${OPENSSL_INCLUDE_DIR})
target_link_libraries(mcpctl_openssl INTERFACE ${CMAKE_DL_LIBS})
add_library(mcpctl::openssl ALIAS mcpctl_openssl)
find_library(LIBSSL_ARCHIVE libssl.a)
find_library(LIBCRYPTO_ARCHIVE libcrypto.a)

find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)

# spdlog and fmt header-only: their packages have no static library.
find_path(SPDLOG_INCLUDE spdlog/spdlog.h REQUIRED)
add_library(mcpctl_spdlog INTERFACE)
target_include_directories(mcpctl_spdlog SYSTEM INTERFACE ${SPDLOG_INCLUDE})
target_compile_definitions(mcpctl_spdlog INTERFACE
  SPDLOG_HEADER_ONLY FMT_HEADER_ONLY SPDLOG_FMT_EXTERNAL)
add_library(mcpctl::spdlog ALIAS mcpctl_spdlog)
