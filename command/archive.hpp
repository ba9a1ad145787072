#pragma once

// How the values of this folder are encoded: their members in order, by the archives of base/archive.hpp.
// What input may not say is refused while it is read, before it costs memory. docs/formats.md, "Commands",
// describes the bytes.

#include "base/archive.hpp"
#include "base/entry_archive.hpp"
#include "command/limits.hpp"
#include "command/request.hpp"
#include "command/search_archive.hpp"

namespace troupe {

constexpr bool is_valid(media_type v) {
  return v <= media_type::json;
}
constexpr bool is_valid(vector_metric v) {
  return v <= vector_metric::l2;
}
constexpr bool is_valid(vector_maker v) {
  return v <= vector_maker::http;
}
constexpr bool is_valid(annotation_outcome v) {
  return v <= annotation_outcome::skipped;
}
constexpr bool is_valid(compare_target v) {
  return v <= compare_target::exists;
}
constexpr bool is_valid(compare_op v) {
  return v <= compare_op::greater;
}
constexpr bool is_valid(outcome v) {
  return v <= outcome::proposal_forgotten;
}
constexpr bool is_valid(query_outcome v) {
  return v <= query_outcome::future;
}
constexpr bool is_valid(refusal_kind v) {
  return v <= refusal_kind::not_ready;
}
constexpr bool is_valid(node_role v) {
  return v <= node_role::learner;
}

/// A key in a command: 1 to limits::key_bytes_max bytes.
template <class Archive>
void serialize_key(Archive& ar, std::string& key) {
  ar& key;
  if constexpr (Archive::is_loading::value) {
    if (key.empty()) throw archive_error("empty key");
    if (key.size() > limits::key_bytes_max) throw archive_error("key too long");
  }
}

/// A vector of at most count_max elements. An element in memory can be many times its shortest encoding, so
/// the count is held against the bound before the first element is read.
template <class Archive, class T>
void serialize_bounded(Archive& ar, std::vector<T>& values, std::size_t count_max) {
  if constexpr (Archive::is_loading::value) {
    std::uint32_t count{};
    ar& count;
    if (count > count_max) throw archive_error("too many elements");
    // The shortest element takes two bytes: its alternative or a bool, and something in it.
    if (count > ar.remaining() / 2) throw archive_error("count exceeds the input");
    values.clear();
    values.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i)
      ar& values.emplace_back();
  } else {
    ar& values;
  }
}

template <class Archive>
void serialize(Archive& ar, key_value& v, unsigned) {
  ar& v.key;
  ar& v.value;
  ar& v.type;
  ar& v.create_revision;
  ar& v.mod_revision;
  ar& v.version;
}

template <class Archive>
void serialize(Archive& ar, compare& v, unsigned) {
  serialize_key(ar, v.key);
  ar& v.target;
  ar& v.op;
  ar& v.value;
  ar& v.number;
}
template <class Archive>
void serialize(Archive& ar, put_operation& v, unsigned) {
  serialize_key(ar, v.key);
  ar& v.value;
  ar& v.type;
}
template <class Archive>
void serialize(Archive& ar, delete_operation& v, unsigned) {
  serialize_key(ar, v.key);
}
template <class Archive>
void serialize(Archive& ar, get_operation& v, unsigned) {
  serialize_key(ar, v.key);
}
template <class Archive>
void serialize(Archive& ar, annotate_operation& v, unsigned) {
  serialize_key(ar, v.key);
  ar& v.mod_revision;
  ar& v.model;
  ar& v.outcome;
  ar& v.vectors;
  if constexpr (Archive::is_loading::value) {
    if (v.vectors.size() > limits::vectors_bytes_max) throw archive_error("vectors too long");
    if (v.outcome != annotation_outcome::embedded && !v.vectors.empty())
      throw archive_error("vectors of a value that was not embedded");
  }
}
template <class Archive>
void serialize(Archive& ar, transaction& v, unsigned) {
  serialize_bounded(ar, v.compares, limits::operations_max);
  serialize_bounded(ar, v.success, limits::operations_max - v.compares.size());
  serialize_bounded(ar, v.failure, limits::operations_max - v.compares.size() - v.success.size());
}

template <class Archive>
void serialize(Archive& ar, session_stamp& v, unsigned) {
  ar& v.session;
  ar& v.sequence;
  ar& v.lowest_outstanding;
}
template <class Archive>
void serialize(Archive& ar, idempotency_stamp& v, unsigned) {
  ar& v.key;
  ar& v.fingerprint_high;
  ar& v.fingerprint_low;
  if constexpr (Archive::is_loading::value)
    if (v.key.empty() || v.key.size() > limits::idempotency_key_bytes_max)
      throw archive_error("idempotency key empty or too long");
}
template <class Archive>
void serialize(Archive&, open_session&, unsigned) {}
template <class Archive>
void serialize(Archive& ar, close_session& v, unsigned) {
  ar& v.session;
}
template <class Archive>
void serialize(Archive& ar, compact_history& v, unsigned) {
  ar& v.revision;
}
template <class Archive>
void serialize(Archive& ar, embedding_model& v, unsigned) {
  ar& v.maker;
  ar& v.name;
  ar& v.dimension;
  ar& v.metric;
  if constexpr (Archive::is_loading::value) {
    if (v.name.size() > limits::model_name_bytes_max) throw archive_error("name of a model too long");
    if (v.dimension > limits::vector_dimension_max) throw archive_error("dimension too large");
    if ((v.maker == vector_maker::none) != (v.dimension == 0))
      throw archive_error("dimension does not fit the maker");
  }
}
template <class Archive>
void serialize(Archive& ar, set_embedding& v, unsigned) {
  ar& v.model;
}
template <class Archive>
void serialize(Archive& ar, set_memory_alarm& v, unsigned) {
  ar& v.on;
}
template <class Archive>
void serialize(Archive& ar, command& v, unsigned) {
  ar& v.session;
  ar& v.idempotency;
  ar& v.body;
}

template <class Archive>
void serialize(Archive& ar, put_result& v, unsigned) {
  ar& v.created;
}
template <class Archive>
void serialize(Archive& ar, delete_result& v, unsigned) {
  ar& v.deleted;
}
template <class Archive>
void serialize(Archive& ar, get_result& v, unsigned) {
  ar& v.found;
}
template <class Archive>
void serialize(Archive& ar, annotate_result& v, unsigned) {
  ar& v.accepted;
}
template <class Archive>
void serialize(Archive& ar, command_result& v, unsigned) {
  ar& v.code;
  ar& v.replayed;
  ar& v.truncated;
  ar& v.succeeded;
  ar& v.revision;
  ar& v.session;
  serialize_bounded(ar, v.results, limits::operations_max);
}

template <class Archive>
void serialize(Archive& ar, get_query& v, unsigned) {
  ar& v.key;
  ar& v.at;
}
template <class Archive>
void serialize(Archive& ar, range_query& v, unsigned) {
  ar& v.start;
  ar& v.end;
  ar& v.limit;
  ar& v.bytes_max;
  ar& v.keys_only;
  ar& v.reverse;
  ar& v.at;
}
template <class Archive>
void serialize(Archive& ar, query_result& v, unsigned) {
  ar& v.code;
  ar& v.revision;
  ar& v.compacted;
  ar& v.items;
  ar& v.more;
}

template <class Archive>
void serialize(Archive& ar, write_request& v, unsigned) {
  ar& v.command;
  ar& v.embed;
}
template <class Archive>
void serialize(Archive& ar, read_request& v, unsigned) {
  ar& v.what;
  ar& v.mode;
}
template <class Archive>
void serialize(Archive&, status_request&, unsigned) {}
template <class Archive>
void serialize(Archive&, snapshot_now_request&, unsigned) {}
template <class Archive>
void serialize(Archive& ar, transfer_request& v, unsigned) {
  ar& v.target;
}
constexpr bool is_valid(member_action a) {
  return a <= member_action::replace;
}
template <class Archive>
void serialize(Archive& ar, member_request& v, unsigned) {
  ar& v.action;
  ar& v.id;
  ar& v.peer_address;
}
template <class Archive>
void serialize(Archive& ar, request& v, unsigned) {
  ar& v.id;
  ar& v.timeout_ms;
  ar& v.body;
}

template <class Archive>
void serialize(Archive& ar, refusal& v, unsigned) {
  ar& v.kind;
  ar& v.retry_after_ms;
  ar& v.detail;
}
template <class Archive>
void serialize(Archive& ar, member_status& v, unsigned) {
  ar& v.id;
  ar& v.peer_address;
  ar& v.http_address;
  ar& v.role;
  ar& v.match;
  ar& v.last_contact_ms;
  ar& v.voter;
  ar& v.keeps_up;
  ar& v.disk_full;
}
template <class Archive>
void serialize(Archive& ar, cluster_status& v, unsigned) {
  ar& v.cluster;
  ar& v.self;
  ar& v.role;
  ar& v.leader;
  ar& v.term;
  ar& v.commit;
  ar& v.applied;
  ar& v.last;
  ar& v.first;
  ar& v.snapshot;
  ar& v.revision;
  ar& v.compacted;
  ar& v.keys;
  ar& v.log_bytes;
  ar& v.memory_bytes;
  ar& v.memory_quota;
  ar& v.memory_alarm;
  ar& v.disk_full;
  ar& v.members;
  ar& v.waiting;
  ar& v.search;
  ar& v.recovered;
}
template <class Archive>
void serialize(Archive& ar, snapshot_result& v, unsigned) {
  ar& v.index;
  ar& v.term;
  ar& v.bytes;
}
template <class Archive>
void serialize(Archive& ar, transfer_result& v, unsigned) {
  ar& v.leader;
  ar& v.term;
}
template <class Archive>
void serialize(Archive& ar, member_result& v, unsigned) {
  ar& v.changed;
  ar& v.index;
  ar& v.voters;
  ar& v.learners;
}
template <class Archive>
void serialize(Archive& ar, answer& v, unsigned) {
  ar& v.id;
  ar& v.body;
}

} // namespace troupe
