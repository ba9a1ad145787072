#include "storage/snapshot_loader.hpp"

#include "base/assert.hpp"
#include "base/deliberate_bug.hpp"
#include "storage/snapshot_records.hpp"
#include "storage/state_machine_parts.hpp"

namespace troupe::storage {

namespace {

/// Inside the loader, what contradicts the format travels as the archive's own exception; add() makes it a
/// result.
void require(const result<void>& done) {
  if (!done) throw archive_error(done.error().detail);
}
void require(bool holds, const char* why) {
  if (!holds) throw archive_error(why);
}

} // namespace

struct snapshot_loader::impl {
  snapshot_meta meta;
  std::unique_ptr<state_parts> parts = std::make_unique<state_parts>();
  std::uint64_t records = 0;
  snapshot_record last_kind = snapshot_record::state;
  bool ended = false;
  bool may_embed = false; ///< by the version of the state
  std::string last_key;
  /// The last record was this newest value of last_key: an annotation may follow, or it waits for one. 0: it
  /// was not.
  revision_t fresh_value;

  void read_record(input_archive& in);
  void read_state(input_archive& in);
  void read_origin(input_archive& in);
  void read_session(input_archive& in);
  void read_idempotency(input_archive& in);
  void read_embedding(input_archive& in);
  void read_version(input_archive& in, bool tombstone);
  void read_annotation(input_archive& in);
  void settle_value();
  void read_end(input_archive& in);
};

snapshot_loader::snapshot_loader(const snapshot_meta& meta) : impl_(std::make_unique<impl>()) {
  impl_->meta = meta;
}
snapshot_loader::snapshot_loader(snapshot_loader&&) noexcept = default;
snapshot_loader& snapshot_loader::operator=(snapshot_loader&&) noexcept = default;
snapshot_loader::~snapshot_loader() = default;

result<void> snapshot_loader::add(std::string_view chunk) {
  try {
    input_archive in{chunk};
    while (in.remaining() != 0)
      impl_->read_record(in);
    return {};
  } catch (const archive_error& e) {
    return error{errc::corrupt, "snapshot record " + std::to_string(impl_->records + 1) + ": " + e.what()};
  }
}

result<state_machine> snapshot_loader::finish() {
  if (!impl_->ended) return error{errc::corrupt, "snapshot without its end"};
  return state_machine{std::move(impl_->parts)};
}

namespace {

/// Kinds by their place in a snapshot.
int place_of(snapshot_record kind) {
  switch (kind) {
  case snapshot_record::state:
  case snapshot_record::origin:
  case snapshot_record::session:
  case snapshot_record::idempotency: return static_cast<int>(kind);
  case snapshot_record::embedding: return static_cast<int>(snapshot_record::idempotency) + 1;
  case snapshot_record::value:
  case snapshot_record::tombstone:
  case snapshot_record::annotation: return static_cast<int>(snapshot_record::idempotency) + 2;
  case snapshot_record::end: break;
  }
  return static_cast<int>(snapshot_record::idempotency) + 3;
}

} // namespace

void snapshot_loader::impl::read_record(input_archive& in) {
  require(!ended, "something after the end");
  snapshot_record kind{};
  in >> kind;
  require((records == 0) == (kind == snapshot_record::state), "the state record is not the first");
  require(place_of(kind) >= place_of(last_kind), "records out of order");
  if (kind != snapshot_record::annotation) settle_value();
  switch (kind) {
  case snapshot_record::state: read_state(in); break;
  case snapshot_record::origin: read_origin(in); break;
  case snapshot_record::session: read_session(in); break;
  case snapshot_record::idempotency: read_idempotency(in); break;
  case snapshot_record::embedding: read_embedding(in); break;
  case snapshot_record::value: read_version(in, false); break;
  case snapshot_record::tombstone: read_version(in, true); break;
  case snapshot_record::annotation: read_annotation(in); break;
  case snapshot_record::end: read_end(in); break;
  }
  last_kind = kind;
  ++records;
}

void snapshot_loader::impl::read_state(input_archive& in) {
  state_record state;
  in >> state;
  require(state.version >= 1 && state.version <= snapshot_state_version_alarm,
          "unknown version of the state");
  may_embed = state.version != 1;
  require(state.meta == meta, "the state is another snapshot's");
  require(state.leader_time_ms >= 0, "a leader time below 0");
  parts->index = state.meta.index;
  parts->feed = change_feed{state.meta.index};
  parts->term = state.meta.term;
  parts->members = std::move(state.meta.members);
  parts->time_ms = state.leader_time_ms;
  parts->memory_alarm = state.memory_alarm();
  require(parts->keys->begin_load(state.compacted, state.revision));
}

void snapshot_loader::impl::read_origin(input_archive& in) {
  origin_record record;
  in >> record;
  if (deliberately(bug::forget_origins_in_snapshot)) return;
  require(parts->origins.load(record.who, std::move(record.window), parts->time_ms));
}

void snapshot_loader::impl::read_session(input_archive& in) {
  session_record record;
  in >> record;
  require(record.id.value <= parts->index.value, "a session of the future");
  require(record.last_used_ms >= 0 && record.last_used_ms <= parts->time_ms &&
              parts->time_ms - record.last_used_ms < limits::session_idle_ms,
          "a session out of its time");
  require(record.results <= limits::session_results_max, "more results than a session remembers");
  session_state state{record.lowest, {}};
  for (std::uint32_t i = 0; i < record.results; ++i) {
    auto& r = state.results.emplace_back();
    in >> r.sequence >> r.result;
  }
  require(parts->sessions.load(record.id, record.last_used_ms, std::move(state)));
}

void snapshot_loader::impl::read_idempotency(input_archive& in) {
  idempotency_entry e;
  in >> e.key >> e.fingerprint_high >> e.fingerprint_low >> e.time_ms >> e.result;
  require(parts->idempotency.load(std::move(e), parts->time_ms));
}

void snapshot_loader::impl::read_embedding(input_archive& in) {
  require(may_embed && last_kind != snapshot_record::embedding, "a model that cannot be there");
  embedding_state state;
  in >> state;
  require(parts->embedding->load(std::move(state), parts->index));
}

void snapshot_loader::impl::read_version(input_archive& in, bool tombstone) {
  std::string key;
  version v;
  in >> key >> v.mod_revision;
  require(key.size() <= limits::key_bytes_max, "key too long");
  if (tombstone) {
    v.value = blob{key};
  } else {
    std::uint64_t number{};
    media_type type{};
    in >> v.create_revision >> number >> type >> v.value;
    require(number < std::uint64_t{1} << 56, "version number out of range");
    v.set_value(type, number);
  }
  require(parts->keys->load(key, v));
  if (!parts->embedding->keeps_vectors()) return;
  fresh_value = tombstone || key == last_key ? revision_t{} : v.mod_revision;
  last_key = std::move(key);
}

/// Now that no annotation followed it.
void snapshot_loader::impl::settle_value() {
  if (fresh_value && parts->embedding->made_here()) parts->embedding->expect(last_key, fresh_value);
  fresh_value = {};
}

void snapshot_loader::impl::read_annotation(input_archive& in) {
  require(bool(fresh_value), "an annotation without its value");
  stored_annotation a{std::exchange(fresh_value, {}), {}, {}};
  in >> a.outcome >> a.vectors;
  require(parts->embedding->load(last_key, std::move(a)));
}

void snapshot_loader::impl::read_end(input_archive& in) {
  end_record end;
  in >> end;
  require(end.records == records, "records are missing");
  require(parts->keys->finish_load());
  parts->sessions.finish_load();
  ended = true;
}

} // namespace troupe::storage
