# The standard headers that nearly every file includes, compiled once a build: reading them is most of what compiling a
# file takes. Sources include what they use all the same (tests/style compiles each header alone).
set(precompiled_source ${CMAKE_BINARY_DIR}/precompiled.cc)
file(CONFIGURE OUTPUT ${precompiled_source} CONTENT "// Carries the precompiled headers.\n")
add_library(portolan_precompiled OBJECT ${precompiled_source})
target_link_libraries(portolan_precompiled PRIVATE portolan_flags)
target_precompile_headers(portolan_precompiled PRIVATE <algorithm> <array> <atomic> <boost/system/result.hpp> <chrono>
  <coroutine> <functional> <map> <memory> <mutex> <optional> <span> <string> <string_view> <thread> <unordered_map>
  <variant> <vector>)

# portolan_precompiled(TARGET...): these are compiled with them.
function(portolan_precompiled)
  foreach(target ${ARGN})
    target_precompile_headers(${target} REUSE_FROM portolan_precompiled)
  endforeach()
endfunction()
