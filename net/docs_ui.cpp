#include "net/docs_ui.hpp"

#include "net/docs_ui_embedded.hpp"
#include "net/http_api_detail.hpp"

#include <algorithm>
#include <array>

namespace troupe::net {

namespace {

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

#define TROUPE_EMBEDDED(symbol) between(troupe_embedded_##symbol, troupe_embedded_##symbol##_end)

} // namespace

const embedded_file* find_embedded_file(std::string_view name) {
  static const std::array files{
      embedded_file{"", "text/html; charset=utf-8", TROUPE_EMBEDDED(page)},
      embedded_file{"start.js", "text/javascript; charset=utf-8", TROUPE_EMBEDDED(start)},
      embedded_file{"openapi.json", "application/json", TROUPE_EMBEDDED(openapi)},
      embedded_file{"swagger-ui.css", "text/css; charset=utf-8", TROUPE_EMBEDDED(css)},
      embedded_file{"swagger-ui-bundle.js", "text/javascript; charset=utf-8", TROUPE_EMBEDDED(bundle)},
      embedded_file{"favicon-32x32.png", "image/png", TROUPE_EMBEDDED(icon)},
      embedded_file{"LICENSE", "text/plain; charset=utf-8", TROUPE_EMBEDDED(license)},
      embedded_file{"NOTICE", "text/plain; charset=utf-8", TROUPE_EMBEDDED(notice)},
  };
  const auto found = std::find_if(files.begin(), files.end(), [&](auto& file) { return file.name == name; });
  return found == files.end() ? nullptr : &*found;
}

namespace api {

namespace {

http_response serve(const embedded_file& file, std::string headers) {
  return {200, file.content_type, std::move(headers), http_body::of_static(file.bytes)};
}

} // namespace

http_response openapi_document() {
  return serve(*find_embedded_file("openapi.json"), {});
}

http_response docs_page() {
  // Scripts come from this node only; Swagger UI sets inline styles and draws with data: images.
  return serve(*find_embedded_file(""),
               "Content-Security-Policy: default-src 'self'; style-src 'self' 'unsafe-inline'; "
               "img-src 'self' data:\r\n");
}

http_response docs_file(std::string_view name) {
  if (name.empty()) return docs_page();
  const auto* file = name == "openapi.json" ? nullptr : find_embedded_file(name);
  if (!file) return problem(problems::no_such_route, "the page under /docs has no such file");
  return serve(*file, "Cache-Control: max-age=3600\r\nX-Content-Type-Options: nosniff\r\n");
}

} // namespace api

} // namespace troupe::net
