#pragma once

// One value of every type that travels, with every alternative and every optional part in use.

#include "command/request.hpp"

#include <string>
#include <vector>

namespace troupe::samples {

inline key_value some_key_value() {
  return {"user/1", blob{"\x01\x02"}, media_type::json, revision_t{3}, revision_t{7}, 2};
}

inline transaction some_transaction() {
  return {.compares = {{"a", compare_target::value, compare_op::not_equal, blob{"x"}, 0},
                       {"b", compare_target::version, compare_op::greater, {}, 9}},
          .success = {put_operation{"k", blob{"value"}, media_type::text}, delete_operation{"gone"},
                      get_operation{"k"}},
          .failure = {get_operation{"other"}}};
}

inline std::vector<command> commands() {
  command stamped{.session = session_stamp{session_id{5}, sequence_t{6}, sequence_t{4}},
                  .idempotency = idempotency_stamp{"f81d4fae-7dec", 0x1122334455667788, 0x99aabbccddeeff00},
                  .body = some_transaction()};
  return {stamped,
          {.session = {}, .idempotency = {}, .body = transaction{}},
          {.session = {}, .idempotency = {}, .body = open_session{}},
          {.session = {}, .idempotency = {}, .body = close_session{session_id{77}}},
          {.session = {}, .idempotency = {}, .body = compact_history{revision_t{1234}}}};
}

inline command_result some_result() {
  return {.code = outcome::applied,
          .replayed = true,
          .truncated = false,
          .succeeded = true,
          .revision = revision_t{42},
          .session = session_id{9},
          .results = {put_result{true}, delete_result{false}, get_result{}, get_result{some_key_value()}}};
}

inline std::vector<request> requests() {
  return {
      {1, 500, write_request{blob{"encoded"}}},
      {2, 501, read_request{get_query{"k", revision_t{8}}, consistency::stale}},
      {3, 502,
       read_request{range_query{"a", "b", 10, 2000, true, true, revision_t{9}}, consistency::linearizable}},
      {4, 503, read_request{range_query{}, consistency::linearizable}},
      {5, 504, status_request{}},
      {6, 505, snapshot_now_request{}}};
}

inline cluster_status some_status() {
  cluster_status s;
  s.cluster = {1, 2};
  s.self = node_id{"n1"};
  s.role = node_role::leader;
  s.leader = node_id{"n1"};
  s.term = term_t{3};
  s.commit = index_t{10};
  s.applied = index_t{9};
  s.last = index_t{11};
  s.first = index_t{2};
  s.snapshot = index_t{1};
  s.revision = revision_t{8};
  s.compacted = revision_t{4};
  s.keys = 100;
  s.log_bytes = 1000;
  s.members = {{node_id{"n1"}, "127.0.0.1:7000", "127.0.0.1:8000", node_role::leader, index_t{11}, 0},
               {node_id{"n2"}, "127.0.0.1:7001", "127.0.0.1:8001", node_role::learner, index_t{5}, -1}};
  return s;
}

inline std::vector<answer> answers() {
  return {{1, some_result()},
          {2, query_result{query_outcome::compacted, revision_t{5}, revision_t{4}, {some_key_value()}, true}},
          {3, some_status()},
          {4, snapshot_result{index_t{6}, term_t{2}, 12345}},
          {5, refusal{refusal_kind::disk_full, 250, "no space left under /data"}}};
}

} // namespace troupe::samples
