# rqs_report_page(TARGET): embeds the page of `report --html`, bundled from web/, into TARGET. Without
# npm, or where npm cannot install the two packages that it takes, TARGET is built without the page:
# this is said, and --html then says so too.
find_program(RQS_NPM npm)
find_program(RQS_NODE NAMES node nodejs)

# Sets RESULT to why there are no modules in FOLDER, or to nothing. Asks the network only when the
# lock file has changed.
function(rqs_npm_install folder result)
  file(SHA256 ${CMAKE_SOURCE_DIR}/web/package-lock.json lock)
  set(stamp "")
  if(EXISTS ${folder}/stamp)
    file(READ ${folder}/stamp stamp)
  endif()
  set(${result} "" PARENT_SCOPE)
  if(stamp STREQUAL lock)
    return()
  endif()
  message(STATUS "Installing what bundles the page of HTML reports")
  file(COPY ${CMAKE_SOURCE_DIR}/web/package.json ${CMAKE_SOURCE_DIR}/web/package-lock.json
    DESTINATION ${folder})
  execute_process(COMMAND ${RQS_NPM} ci --omit=dev --no-audit --no-fund --ignore-scripts
    WORKING_DIRECTORY ${folder} RESULT_VARIABLE status OUTPUT_QUIET ERROR_VARIABLE errors)
  if(status EQUAL 0)
    file(WRITE ${folder}/stamp ${lock})
  else()
    message(WARNING "npm ci: ${errors}")
    set(${result} "npm could not install what it takes; configure again to retry" PARENT_SCOPE)
  endif()
endfunction()

function(rqs_report_page target)
  set(web ${CMAKE_SOURCE_DIR}/web)
  set(out ${CMAKE_BINARY_DIR}/web)
  set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
    ${web}/package-lock.json)
  set(why_not "")
  if(NOT RQS_NPM OR NOT RQS_NODE)
    set(why_not "node and npm were not found")
  else()
    rqs_npm_install(${out} why_not)
  endif()
  if(why_not)
    message(STATUS "HTML reports are left out: ${why_not}")
    add_custom_target(rqs_no_report_page ALL
      COMMAND ${CMAKE_COMMAND} -E echo "HTML reports (report --html) are left out: ${why_not}" VERBATIM)
    target_sources(${target} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/no_report_page.cpp)
    return()
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${web}/src/*.ts ${web}/src/*.css)
  add_custom_command(
    OUTPUT ${out}/page_template.cpp
    COMMAND ${RQS_NODE} ${web}/build.mjs ${web} ${out}/node_modules ${out}/page_template.cpp
    DEPENDS ${sources} ${web}/page.html ${web}/build.mjs ${web}/package-lock.json
    COMMENT "Page of HTML reports" VERBATIM)
  target_sources(${target} PRIVATE ${out}/page_template.cpp)
endfunction()
