#include "command/codec.hpp"
#include "command/vectors.hpp"
#include "tests/command/samples.hpp"
#include "tests/fuzzing/pieces.hpp"
#include "tests/fuzzing/seeds.hpp"

namespace troupe::fuzzing {

namespace {

std::string entry_of(char how, char later, const command& c) {
  std::string out{how, later};
  append_stretch(out, encode_command(c).view());
  return out;
}

command changing(std::vector<operation> operations) {
  return {{}, {}, transaction{{}, std::move(operations), {}}};
}

/// A session, once and again; an idempotency key; a model and vectors; deletes and compaction.
std::string history() {
  std::string out = entry_of(0, 1, {{}, {}, open_session{}});
  command stamped = changing({put_operation{"k", blob{"once"}, media_type::text}});
  stamped.session = session_stamp{session_id{1}, sequence_t{2}, sequence_t{1}};
  out += entry_of('\xe8', 1, stamped) + entry_of('\xe8', 1, stamped);
  command keyed = changing({put_operation{"a", blob{"{}"}, media_type::json}, get_operation{"k"}});
  keyed.idempotency = idempotency_stamp{"key", 1, 2};
  out += entry_of(0, 1, keyed) + entry_of(0, 1, keyed);
  embedding_model model{vector_maker::client, "m@1", 3, vector_metric::cosine};
  out += entry_of(0, 1, {{}, {}, set_embedding{model}});
  out += entry_of(
      0, 1,
      changing({put_operation{"v", blob{"text"}, media_type::text},
                annotate_operation{
                    "v", {}, {}, annotation_outcome::embedded, encode_vectors(samples::some_vectors())}}));
  transaction compared{{{"k", compare_target::exists, compare_op::equal, {}, 1}},
                       {delete_operation{"k"}},
                       {put_operation{"else", blob{"x"}, media_type::bytes}}};
  out += entry_of(0, 1, {{}, {}, compared}) + entry_of(0, 1, {{}, {}, compared});
  out += entry_of(0, 1, {{}, {}, compact_history{revision_t{3}}});
  out += entry_of(16, 100, {{}, {}, close_session{session_id{1}}});
  return out;
}

} // namespace

void make_value_seeds(const seed_sink& keep) {
  auto number = 0;
  auto name = [&](const char* what) { return what + std::to_string(number++); };
  std::string every;
  for (auto commands : {samples::commands(), samples::embedding_commands()})
    for (auto& c : commands) {
      keep("commands", name("command-"), '\0' + std::string(encode_command(c).view()));
      every += entry_of(0, 1, c);
    }
  keep("apply", "every-command", every);
  keep("apply", "history", history());
  for (auto& r : samples::requests())
    keep("commands", name("request-"), '\1' + encode_requests({r}));
  for (auto& a : samples::answers()) {
    keep("commands", name("answer-"), '\2' + encode_answers({a}));
    for (char plan = 0; plan < 11; ++plan)
      if (plan % 4 == static_cast<char>(a.id % 4))
        keep("http_answer", name("answer-"), plan + encode_answers({a}));
  }
  keep("http_answer", "every-answer", '\6' + encode_answers(samples::answers()));
  keep("commands", "result", '\3' + encode_result(samples::some_result()));
  auto vectors = encode_vectors(samples::some_vectors());
  keep("commands", "vectors", std::string("\4\3\0", 3) + std::string(vectors.view()));
}

} // namespace troupe::fuzzing
