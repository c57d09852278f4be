# rqs_bpf_skeleton(TARGET SOURCE): compiles SOURCE (x.bpf.c) to BPF and makes TARGET, an interface
# library whose include directory holds <x.skel.h>.
find_program(BPF_CLANG NAMES clang clang-14 clang-15 clang-16 clang-19 REQUIRED)
find_program(BPFTOOL bpftool PATHS /usr/sbin /sbin REQUIRED)
find_program(BPF_STRIP NAMES llvm-strip llvm-strip-14 llvm-strip-15 llvm-strip-16 llvm-strip-19 REQUIRED)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|i.86)$")
  set(BPF_ARCH x86)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set(BPF_ARCH arm64)
else()
  set(BPF_ARCH ${CMAKE_SYSTEM_PROCESSOR})
endif()

function(rqs_bpf_skeleton target source)
  get_filename_component(source ${source} ABSOLUTE)
  get_filename_component(name ${source} NAME_WE)
  set(out ${CMAKE_BINARY_DIR}/bpf)
  set(object ${out}/${name}.bpf.o)
  set(skeleton ${out}/${name}.skel.h)
  file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bpf/*.h ${CMAKE_SOURCE_DIR}/contract/*.h)
  add_custom_command(
    OUTPUT ${object}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${out}
    COMMAND ${BPF_CLANG} -target bpf -mcpu=v3 -D__TARGET_ARCH_${BPF_ARCH} -O2 -g -std=gnu11
            -Wall -Wextra -Werror -Wno-unused-parameter -Wno-address-of-packed-member
            -fno-ident -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.
            -I${CMAKE_SOURCE_DIR} -c ${source} -o ${object}
    COMMAND ${BPF_STRIP} -g ${object}
    DEPENDS ${source} ${headers}
    COMMENT "BPF ${name}.bpf.o" VERBATIM)
  add_custom_command(
    OUTPUT ${skeleton}
    COMMAND sh -c "\"$1\" gen skeleton \"$2\" name \"$3\" > \"$4\"" sh
            ${BPFTOOL} ${object} ${name}_bpf ${skeleton}
    DEPENDS ${object}
    COMMENT "BPF ${name}.skel.h" VERBATIM)
  add_custom_target(${target}_gen DEPENDS ${skeleton})
  add_library(${target} INTERFACE)
  target_include_directories(${target} SYSTEM INTERFACE ${out})
  add_dependencies(${target} ${target}_gen)
endfunction()
