# What `cmake --install` puts where: the binary, the systemd unit, man pages and completion for shells. The last two are
# made from the binary's own tables and the READMEs; a build that cannot run its binary has neither.
include(GNUInstallDirs)

set(installed documents)  # which needs the binary
if(CMAKE_CROSSCOMPILING OR PORTOLAN_SANITIZE OR PORTOLAN_FUZZ)
  set(installed portolan)
endif()
# An install builds what it takes: ./run builds the binary and no more.
install(CODE "execute_process(COMMAND \"${CMAKE_COMMAND}\" --build \"${CMAKE_BINARY_DIR}\" --target ${installed}
  COMMAND_ERROR_IS_FATAL ANY)")
install(TARGETS portolan RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES deploy/systemd/portolan.service DESTINATION lib/systemd/system)
if(installed STREQUAL portolan)
  return()
endif()

set(documents ${CMAKE_BINARY_DIR}/documents)
set(completions ${documents}/portolan.bash ${documents}/_portolan ${documents}/portolan.fish)
add_custom_command(
  OUTPUT ${completions}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${documents}
  COMMAND $<TARGET_FILE:portolan> -completion bash > ${documents}/portolan.bash
  COMMAND $<TARGET_FILE:portolan> -completion zsh > ${documents}/_portolan
  COMMAND $<TARGET_FILE:portolan> -completion fish > ${documents}/portolan.fish
  DEPENDS portolan
  COMMENT "Completion for shells"
  VERBATIM)
install(FILES ${documents}/portolan.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
  RENAME portolan)
install(FILES ${documents}/_portolan DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${documents}/portolan.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

find_package(Python3 COMPONENTS Interpreter QUIET)
set(man_stamp "")
if(Python3_FOUND)
  set(man_stamp ${documents}/man.stamp)
  file(GLOB sources CONFIGURE_DEPENDS docs/man/*.md plugins/*/README.md)
  add_custom_command(
    OUTPUT ${man_stamp}
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${documents}/man
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/scripts/man_pages.py --server $<TARGET_FILE:portolan>
      --out ${documents}/man
    COMMAND ${CMAKE_COMMAND} -E touch ${man_stamp}
    DEPENDS portolan scripts/man_pages.py ${sources} plugins/plugin.cfg
    COMMENT "Man pages"
    VERBATIM)
  install(DIRECTORY ${documents}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR})
else()
  message(STATUS "no Python 3: man pages are left out")
endif()
add_custom_target(documents ALL DEPENDS ${completions} ${man_stamp})
