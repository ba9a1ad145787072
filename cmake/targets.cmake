# Every target of the project is made by one of these functions, so that warnings and include rules are the same everywhere.

add_library(troupe_warnings INTERFACE)
target_compile_options(troupe_warnings INTERFACE -Wall -Wextra -Wpedantic -Werror -Wnon-virtual-dtor -Woverloaded-virtual
                                                 -Wimplicit-fallthrough)
# g++ 12 warns falsely when a variant or optional is moved and everything is inlined (GCC bugs 80635, 105562).
# ccache understands a precompiled header of gcc only with -fpch-preprocess, which clang does not have.
target_compile_options(troupe_warnings INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -fpch-preprocess>)
# clang 14 does not see that a generic lambda uses `this` when it calls a member.
target_compile_options(troupe_warnings INTERFACE $<$<CXX_COMPILER_ID:Clang>:-Wno-unused-lambda-capture>)

# troupe_library(<folder> SOURCES ... LINKS ...): one static library a folder, named troupe_<folder>.
# Without sources it is header-only.
function(troupe_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  if(arg_SOURCES)
    add_library(troupe_${name} STATIC ${arg_SOURCES})
    target_link_libraries(troupe_${name} PUBLIC ${arg_LINKS} PRIVATE troupe_warnings)
    target_include_directories(troupe_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  else()
    add_library(troupe_${name} INTERFACE)
    target_link_libraries(troupe_${name} INTERFACE ${arg_LINKS})
    target_include_directories(troupe_${name} INTERFACE ${PROJECT_SOURCE_DIR})
  endif()
  add_library(troupe::${name} ALIAS troupe_${name})
endfunction()

# troupe_program(<name> SOURCES ... LINKS ...): an executable under <build>/bin.
function(troupe_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINKS} troupe_warnings)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endfunction()

# troupe_test(<name> SOURCES ... LINKS ...): a GoogleTest program under <build>/tests, known to CTest as one test of that name.
# The environment variable TROUPE_SOURCE_DIR tells it where the checkout is; ENVIRONMENT adds others.
function(troupe_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LINKS;ARGS;ENVIRONMENT" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINKS} troupe_warnings GTest::gtest GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name} ${arg_ARGS})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} ENVIRONMENT
    "TROUPE_SOURCE_DIR=${PROJECT_SOURCE_DIR};${arg_ENVIRONMENT}")
endfunction()
