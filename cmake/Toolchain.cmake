# Compiler flags, ccache and mold.
find_program(PORTOLAN_CCACHE ccache)
if(PORTOLAN_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${PORTOLAN_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${PORTOLAN_CCACHE})
endif()
find_program(PORTOLAN_MOLD mold)
if(PORTOLAN_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(portolan_flags INTERFACE)
target_compile_options(portolan_flags INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
  -fno-omit-frame-pointer -pthread)  # some libraries ask for -pthread: precompiled headers need it everywhere
# Relative names in __FILE__ and debug data: objects are the same wherever the tree is cloned, so ccache hits.
target_compile_options(portolan_flags INTERFACE -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
target_include_directories(portolan_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(portolan_flags INTERFACE BOOST_ASIO_NO_DEPRECATED
  PORTOLAN_VERSION="${PROJECT_VERSION}")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports uses of moved-from std::string members in coroutines that are not there.
  target_compile_options(portolan_flags INTERFACE -Wno-maybe-uninitialized -Wno-restrict)
endif()
if(PORTOLAN_SANITIZE)
  add_compile_options(-fsanitize=${PORTOLAN_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PORTOLAN_SANITIZE})
endif()
