# cmake -DNPM=… -DFROM=… -DTO=… -P install.cmake
# Copies the clients to TO and installs what their lock file names, unless that is done.
file(GLOB scripts ${FROM}/*.mjs)
file(COPY ${scripts} ${FROM}/package.json ${FROM}/package-lock.json ${FROM}/.npmrc DESTINATION ${TO})
file(SHA256 ${FROM}/package-lock.json wanted)
set(stamp ${TO}/installed.txt)
if(EXISTS ${stamp})
  file(READ ${stamp} installed)
  if(installed STREQUAL wanted)
    return()
  endif()
endif()
execute_process(COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --loglevel=error
                WORKING_DIRECTORY ${TO} COMMAND_ERROR_IS_FATAL ANY)
file(WRITE ${stamp} ${wanted})
