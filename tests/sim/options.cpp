#include "tests/sim/options.hpp"

#include <charconv>
#include <functional>
#include <map>
#include <string_view>

namespace troupe::simulation {

namespace {

template <class T>
bool read_number(std::string_view text, T& into) {
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), into);
  return failed == std::errc{} && end == text.data() + text.size();
}

} // namespace

result<options> read_options(int argc, char** argv) {
  options o;
  o.folder = TROUPE_SCENARIOS;
  using taker = std::function<bool(std::string_view)>;
  const std::map<std::string_view, taker> with_value{
      {"--scenario", [&](auto v) { return o.scenario = v, true; }},
      {"--folder", [&](auto v) { return o.folder = v, true; }},
      {"--bug", [&](auto v) { return o.bug = v, true; }},
      {"--seed", [&](auto v) { return read_number(v, o.seed); }},
      {"--seeds", [&](auto v) { return read_number(v, o.seeds); }},
      {"--minutes", [&](auto v) { return read_number(v, o.minutes) && o.minutes > 0; }},
      {"--jobs", [&](auto v) { return read_number(v, o.jobs) && o.jobs > 0 && o.jobs <= 64; }},
  };
  const std::map<std::string_view, bool*> switches{
      {"--budget", &o.budget}, {"--twice", &o.twice}, {"--list", &o.list}, {"--verbose", &o.verbose}};
  for (int i = 1; i < argc; ++i) {
    std::string_view name = argv[i];
    if (auto flag = switches.find(name); flag != switches.end()) {
      *flag->second = true;
      continue;
    }
    auto known = with_value.find(name);
    if (known == with_value.end())
      return error{errc::invalid_argument, "unknown option " + std::string(name)};
    if (++i == argc || !known->second(argv[i]))
      return error{errc::invalid_argument, std::string(name) + " needs a value that it understands"};
  }
  return o;
}

} // namespace troupe::simulation
