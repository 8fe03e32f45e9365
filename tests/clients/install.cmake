# cmake -DNPM=… -DFROM=… -DTO=… -P install.cmake
# Copies what stands in FROM to TO and installs what their lock file names, unless that is done.
file(GLOB copied ${FROM}/*.mjs ${FROM}/package.json ${FROM}/package-lock.json ${FROM}/.npmrc)
file(COPY ${copied} DESTINATION ${TO})
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
