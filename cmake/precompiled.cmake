# What nearly every file includes, compiled once for the program and once for the tests (with GoogleTest, the dearest of all).
if(LEDGERGATE_PCH)
  file(WRITE ${PROJECT_BINARY_DIR}/precompiled.cpp "")
  set(common <algorithm> <array> <atomic> <charconv> <chrono> <coroutine> <filesystem> <functional> <limits> <map> <memory> <mutex>
    <optional> <string> <string_view> <system_error> <thread> <unordered_map> <utility> <variant> <vector>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(ledgergate_flags INTERFACE -fpch-preprocess) # ccache looks at what was preprocessed
  endif()
  set(common ${common} <fmt/format.h> <uv.h> <openssl/ssl.h> <openssl/x509v3.h>)
endif()
# A program that is shipped is built without: a missing include shows.
if(LEDGERGATE_PCH AND NOT LEDGERGATE_PCH STREQUAL "TESTS")
  set(precompile_program TRUE)
  add_library(precompiled_program OBJECT ${PROJECT_BINARY_DIR}/precompiled.cpp)
  target_link_libraries(precompiled_program PRIVATE ledgergate_flags fmt::fmt PkgConfig::LIBUV OpenSSL::SSL Threads::Threads)
  target_precompile_headers(precompiled_program PRIVATE ${common})
endif()

# What `target` may include without a price from then on.
function(ledgergate_precompiled target)
  if(precompile_program)
    target_precompile_headers(${target} REUSE_FROM precompiled_program)
  endif()
endfunction()
function(ledgergate_precompiled_test target)
  if(LEDGERGATE_PCH AND NOT TARGET precompiled_tests)
    add_library(precompiled_tests OBJECT ${PROJECT_BINARY_DIR}/precompiled.cpp)
    target_link_libraries(precompiled_tests PRIVATE ledgergate_flags fmt::fmt PkgConfig::LIBUV OpenSSL::SSL Threads::Threads GTest::gtest)
    target_compile_options(precompiled_tests PRIVATE $<$<CONFIG:Release>:-O0> $<$<CONFIG:Release>:-Wno-cpp>) # as those who include it
    target_precompile_headers(precompiled_tests PRIVATE ${common} <fstream> <set> <sstream> <random> <gtest/gtest.h>)
  endif()
  if(LEDGERGATE_PCH)
    target_precompile_headers(${target} REUSE_FROM precompiled_tests)
  endif()
endfunction()
