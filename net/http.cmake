# The HTTP gateway: troupe::http (translation and server, without CAF) and troupe::http_gateway (the actor).

set(docs_ui_dist ${CMAKE_CURRENT_SOURCE_DIR}/docs-ui/node_modules/swagger-ui-dist)
if(NOT EXISTS ${docs_ui_dist}/swagger-ui-bundle.js)
  message(FATAL_ERROR "Swagger UI is missing under net/docs-ui/node_modules: run deploy/install-dependencies once")
endif()

configure_file(${CMAKE_CURRENT_SOURCE_DIR}/docs_ui_embedded.cpp.in ${CMAKE_CURRENT_BINARY_DIR}/docs_ui_embedded.cpp @ONLY)
# The compiler does not tell the build what .incbin read.
set_source_files_properties(
  ${CMAKE_CURRENT_BINARY_DIR}/docs_ui_embedded.cpp
  PROPERTIES
    OBJECT_DEPENDS
    "${CMAKE_CURRENT_SOURCE_DIR}/docs_ui.html;${CMAKE_CURRENT_SOURCE_DIR}/docs_ui.js;${CMAKE_CURRENT_SOURCE_DIR}/openapi.json;${docs_ui_dist}/swagger-ui.css;${docs_ui_dist}/swagger-ui-bundle.js"
)

troupe_library(http
  SOURCES docs_ui.cpp ${CMAKE_CURRENT_BINARY_DIR}/docs_ui_embedded.cpp http_api.cpp http_api_admin.cpp http_api_members.cpp http_api_batch.cpp http_api_body.cpp
          http_api_common.cpp http_api_kv.cpp http_api_range.cpp http_api_search.cpp http_api_search_render.cpp http_cursor.cpp http_json.cpp http_problem.cpp
          http_connection.cpp http_parser.cpp http_routes.cpp http_server.cpp http_target.cpp http_text.cpp http_wire.cpp
  LINKS troupe::command troupe::config Boost::headers Boost::json Boost::url absl::strings OpenSSL::Crypto)

troupe_library(http_gateway
  SOURCES http_gateway.cpp http_metrics.cpp
  LINKS troupe::http troupe::messages prometheus-cpp::core spdlog::spdlog)
