#pragma once

// One value of every type that travels, with every alternative and every optional part in use.

#include "command/request.hpp"
#include "command/vectors.hpp"

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

inline passage_vectors some_vectors() {
  return {.passages = {{0, 5}, {6, 11}}, .vectors = {1, -2, 0.5, 0, 3, 4}};
}

inline annotate_operation some_annotation() {
  return {"k", revision_t{7}, model_id{3}, annotation_outcome::embedded, encode_vectors(some_vectors())};
}

/// Of format version 2.
inline std::vector<command> embedding_commands() {
  transaction t{.compares = {},
                .success = {put_operation{"k", blob{"value"}, media_type::text}, some_annotation()},
                .failure = {annotate_operation{"x", {}, {}, annotation_outcome::skipped, {}}}};
  embedding_model model{vector_maker::client, "mine@1", 3, vector_metric::l2};
  return {
      {.session = session_stamp{session_id{5}, sequence_t{6}, sequence_t{4}}, .idempotency = {}, .body = t},
      {.session = {}, .idempotency = {}, .body = set_embedding{model}},
      {.session = {}, .idempotency = {}, .body = set_embedding{}}};
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
          .results = {put_result{true}, delete_result{false}, get_result{}, get_result{some_key_value()},
                      annotate_result{true}}};
}

inline search_request some_search() {
  return {.mode = search_mode::hybrid,
          .query = "red OR \"blue sky\"",
          .vector = {0.5, -1, 2},
          .filter = "price<20",
          .prefix = "p/",
          .fields = {"title", "author.name"},
          .facets = {{"tags", 5}, {"year", 10}},
          .limit = 20,
          .offset = 40,
          .text_weight = 0.25,
          .vector_weight = 0.75,
          .explain = true,
          .values = false,
          .highlights = false,
          .paged = true,
          .cursor = "c",
          .freshness = consistency::stale,
          .min_revision = revision_t{12},
          .wait_vectors = true};
}

inline search_result some_found() {
  search_explanation why{.text = {{"red", "title", 1.5, 2, 10, 12.5, 1, 0.75}},
                         .text_score = 0.75,
                         .text_rank = 1,
                         .vector_score = 0.5,
                         .vector_rank = 2,
                         .passage = 3};
  search_hit hit{.key = "p/1",
                 .mod_revision = revision_t{9},
                 .type = media_type::json,
                 .value = blob{"{}"},
                 .score = 0.03,
                 .highlights = {{"title", "a red door", {{2, 5}, {6, 10}}}},
                 .explanation = why};
  return {.code = search_outcome::ok,
          .hits = {hit, {.key = "p/2", .mod_revision = {}, .value = {}, .highlights = {}, .explanation = {}}},
          .total = 17,
          .facets = {{"tags", {{"blue", 3}, {"red", 2}}}},
          .cursor = "n1/5/20",
          .indexed_revision = revision_t{40},
          .vector_revision = revision_t{39},
          .took_us = 250,
          .part = "q",
          .detail = "why",
          .begin = 1,
          .end = 2};
}

inline std::vector<request> requests() {
  return {
      {1, 500, write_request{blob{"encoded"}, true}},
      {2, 501, read_request{get_query{"k", revision_t{8}}, consistency::stale}},
      {3, 502,
       read_request{range_query{"a", "b", 10, 2000, true, true, revision_t{9}}, consistency::linearizable}},
      {4, 503, read_request{range_query{}, consistency::linearizable}},
      {5, 504, status_request{}},
      {6, 505, snapshot_now_request{}},
      {7, 506, some_search()},
      {8, 507, search_request{}},
      {9, 508, transfer_request{node_id{"n2"}}},
      {10, 509, member_request{member_action::replace, node_id{"n3"}, "127.0.0.1:7002"}}};
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
  s.memory_bytes = 70;
  s.memory_quota = 80;
  s.memory_alarm = true;
  s.disk_full = true;
  s.members = {{node_id{"n1"}, "127.0.0.1:7000", "127.0.0.1:8000", node_role::leader, index_t{11}, 0},
               {node_id{"n2"}, "127.0.0.1:7001", "127.0.0.1:8001", node_role::learner, index_t{5}, -1, false,
                true, true}};
  s.waiting = {{node_id{"n3"}, "127.0.0.1:7002", "127.0.0.1:8002", node_role::forming, {}, -1, false, false}};
  s.search = {true, true, true, revision_t{8}, revision_t{7}, 90, 80, 1, "mine@1"};
  return s;
}

inline std::vector<answer> answers() {
  return {{1, some_result()},
          {2, query_result{query_outcome::compacted, revision_t{5}, revision_t{4}, {some_key_value()}, true}},
          {3, some_status()},
          {4, snapshot_result{index_t{6}, term_t{2}, 12345}},
          {5, refusal{refusal_kind::disk_full, 250, "no space left under /data"}},
          {8, refusal{refusal_kind::memory_full, 250, "the quota is reached"}},
          {10, refusal{refusal_kind::not_ready, 250, "it waits to be added"}},
          {6, some_found()},
          {7, transfer_result{node_id{"n2"}, term_t{4}}},
          {9, member_result{true, index_t{12}, 3, 1}}};
}

} // namespace troupe::samples
