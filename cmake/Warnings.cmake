# One interface target that every program and library of the project links.
add_library(rqs_options INTERFACE)
target_compile_options(rqs_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wcast-align -Wformat=2 -Wimplicit-fallthrough
  # GCC 12 sees overlaps in std::string's own code (GCC bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  # What libbpf's LIBBPF_OPTS expands to.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-c99-extensions>
  $<$<CXX_COMPILER_ID:Clang>:-Wno-gnu-statement-expression>
  $<$<BOOL:${RQS_WERROR}>:-Werror>)
# What nothing calls is not linked: a static program is smaller in memory and quicker to start.
target_compile_options(rqs_options INTERFACE -ffunction-sections -fdata-sections)
target_link_options(rqs_options INTERFACE -Wl,--gc-sections)
target_include_directories(rqs_options INTERFACE ${CMAKE_SOURCE_DIR})
if(RQS_SANITIZE)
  target_compile_options(rqs_options INTERFACE -fsanitize=${RQS_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(rqs_options INTERFACE -fsanitize=${RQS_SANITIZE})
endif()
if(RQS_FUZZ)
  target_compile_options(rqs_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(RQS_STATIC AND NOT RQS_SANITIZE AND NOT RQS_FUZZ)
  set(RQS_STATIC_LINK_OPTIONS -static)
endif()

find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(tl-expected REQUIRED)
find_library(LIBBPF_STATIC libbpf.a REQUIRED)
find_library(LIBELF_STATIC libelf.a REQUIRED)
find_library(LIBZ_STATIC libz.a REQUIRED)
# libbpf with what it needs, as static archives: version 1.1.2 or later.
add_library(rqs_libbpf INTERFACE)
target_link_libraries(rqs_libbpf INTERFACE ${LIBBPF_STATIC} ${LIBELF_STATIC} ${LIBZ_STATIC})
