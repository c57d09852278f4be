# The tracer: hook → ring → decode → ledger → enrich → aggregate → sink.
rqs_bpf_skeleton(rqs_runqslower_bpf ${CMAKE_SOURCE_DIR}/bpf/runqslower.bpf.c)

file(GLOB RQS_CORE_SOURCES CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}
     aggregate/*.cpp cli/*.cpp commands/*.cpp decode/*.cpp enrich/*.cpp ledger/*.cpp sinks/*.cpp sources/*.cpp)
list(FILTER RQS_CORE_SOURCES EXCLUDE REGEX "_test\\.cpp$")
add_library(rqs_core STATIC ${RQS_CORE_SOURCES})
target_link_libraries(rqs_core PUBLIC rqs_bpfkit PRIVATE rqs_runqslower_bpf CLI11::CLI11)
target_compile_definitions(rqs_core PRIVATE RQS_VERSION="${PROJECT_VERSION}")

add_executable(runqslower main.cpp)
target_link_libraries(runqslower PRIVATE rqs_core)
target_link_options(runqslower PRIVATE ${RQS_STATIC_LINK_OPTIONS})
install(TARGETS runqslower)
install(FILES ${CMAKE_SOURCE_DIR}/man/runqslower.8 DESTINATION share/man/man8)
