// Answers as they come from the node that did the work, shown to a client. First byte: what the client had
// asked.

#include "command/codec.hpp"
#include "net/http_api.hpp"
#include "net/http_json.hpp"
#include "tests/fuzzing/pieces.hpp"
#include "tests/fuzzing/target.hpp"

namespace troupe::fuzzing {

namespace {

net::answer_plan plan_of(std::uint8_t which) {
  bool flag = (which & 16) != 0;
  switch (which % 12) {
  case 0: return net::put_plan{"k\xff", flag};
  case 1: return net::delete_plan{"k", flag};
  case 2: return net::get_plan{"k", flag, {}, net::tag_condition{flag, revision_t{7}}};
  case 3: return net::range_plan{"a", "", 3, (which & 32) != 0, flag};
  case 4: return net::bulk_plan{3};
  case 5: return net::txn_plan{};
  case 6: return net::search_plan{flag, !flag, true, (which & 32) != 0};
  case 7: return net::cluster_plan{};
  case 8: return net::snapshot_plan{};
  case 9: return net::transfer_plan{};
  case 10: return net::member_plan{"n4"};
  default: return net::ready_plan{};
  }
}

bool is_json(std::string_view content_type) {
  return content_type == "application/json" || content_type == "application/problem+json";
}

void run(std::string_view input) {
  static const net::http_api api{net::api_options{}};
  pieces in{input};
  auto plan = plan_of(in.byte());
  bool is_value = std::holds_alternative<net::get_plan>(plan) && !std::get<net::get_plan>(plan).envelope;
  auto answers = decode_answers(in.rest());
  if (!answers) return;
  for (auto& one : *answers) {
    auto response = api.render(plan, std::move(one.body));
    require(response.status >= 200 && response.status < 600, "a response has a status");
    require(response.headers.empty() || response.headers.ends_with("\r\n"), "header lines are ended");
    if (is_json(response.content_type) && !(is_value && response.status == 200))
      require_success(net::check_json(response.body.view(), net::json_depth_any + 16),
                      "a JSON answer is JSON");
  }
  auto lost = net::http_api::render_lost(plan, false);
  require(lost.status >= 500, "an answer that never came is not the client's fault");
}

} // namespace

constinit const target http_answer{"http_answer", run};

} // namespace troupe::fuzzing
