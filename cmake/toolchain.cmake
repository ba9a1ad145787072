# Compiler cache and fast linker when the machine has them; a build without either works the same, slower.
find_program(TROUPE_CCACHE ccache)
if(TROUPE_CCACHE)
  # A precompiled header carries a timestamp; without this sloppiness ccache never hits on files that use one.
  # Paths are hashed relative to the checkout, so that a fresh clone finds what another one has compiled.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
               CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=5G ${TROUPE_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()
find_program(TROUPE_MOLD mold)
if(TROUPE_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

if(NOT TROUPE_SANITIZE STREQUAL "")
  add_compile_options(-fsanitize=${TROUPE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TROUPE_SANITIZE})
endif()

# libFuzzer counts what runs in every file; a fuzz target alone is linked with its main().
if(TROUPE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
