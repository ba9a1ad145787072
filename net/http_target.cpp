#include "net/http_target.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>

namespace troupe::net {

std::optional<std::string_view> http_target::parameter(std::string_view name) const {
  for (auto& [given, value] : parameters)
    if (given == name) return value;
  return std::nullopt;
}

result<void> http_target::allow(std::initializer_list<std::string_view> known) const {
  for (auto it = parameters.begin(); it != parameters.end(); ++it) {
    const auto& name = it->first;
    if (std::find(known.begin(), known.end(), name) == known.end())
      return error{errc::invalid_argument, "there is no query parameter \"" + name + "\" here"};
    const auto same = [&](auto& other) { return other.first == name; };
    if (std::any_of(parameters.begin(), it, same))
      return error{errc::invalid_argument, "the query parameter \"" + name + "\" is given twice"};
  }
  return {};
}

result<http_target> parse_target(std::string_view text) {
  auto parsed = boost::urls::parse_origin_form(text);
  // A proxy's absolute form means the same path (RFC 9112 §3.2.2).
  if (!parsed) parsed = boost::urls::parse_absolute_uri(text);
  if (!parsed)
    return error{errc::invalid_argument,
                 "the request target is no valid path and query (RFC 3986): " + parsed.error().message()};
  http_target target;
  for (auto segment : parsed->encoded_segments())
    target.segments.push_back(segment.decode());
  for (auto parameter : parsed->params())
    target.parameters.emplace_back(parameter.key, parameter.value);
  return target;
}

} // namespace troupe::net
