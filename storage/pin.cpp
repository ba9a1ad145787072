#include "storage/pin.hpp"

#include "base/assert.hpp"
#include "base/deliberate_bug.hpp"
#include "storage/snapshot_records.hpp"
#include "storage/state_machine_parts.hpp"

#include <algorithm>
#include <cstring>

namespace troupe::storage {

struct pin::impl {
  impl(const state_parts& m, std::int64_t now_ms)
      : keys(m.keys), floor(keys->pin()), embedding(m.embedding), model(embedding->state()),
        sessions(m.sessions.capture()), idempotency(m.idempotency.capture()),
        origins(m.origins.windows().begin(), m.origins.windows().end()), taken_at_ms(now_ms) {
    auto version = m.memory_alarm ? snapshot_state_version_alarm : snapshot_state_version;
    state = {version, {m.index, m.term, m.members}, m.time_ms, keys->revision(), keys->compacted()};
  }
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;
  ~impl() { keys->unpin(floor); }

  std::shared_ptr<key_space> keys;
  revision_t floor; ///< what the key space keeps for this pin
  std::shared_ptr<embedding_table> embedding;
  embedding_state model;
  state_record state;
  std::vector<captured_session> sessions;
  captured_idempotency idempotency;
  std::vector<std::pair<incarnation_t, origin_window>>
      origins; ///< 64 KiB for each process that proposed lately
  std::int64_t taken_at_ms = 0;

  // How far next_chunk has come.
  enum class part { state, origins, sessions, idempotency, embedding, versions, end, done } at = part::state;
  std::size_t next_origin = 0;
  std::size_t next_session = 0;
  std::size_t next_idempotency = 0;
  history_position history;
  std::uint64_t records = 0;
  /// How far next_items has come.
  history_position items;

  /// Of a version that the pin sees. An annotation is only kept for the newest value of a key, so this one is
  /// still that if there is one; values and annotations of a model that came after the pin are told apart by
  /// the model's id.
  const stored_annotation* annotation_of(std::string_view key, const version& v) const {
    return embedding->state().id == model.id ? embedding->find(key, v.mod_revision) : nullptr;
  }

  void write_part(std::string& out, std::size_t bytes_max);
  void write_state(std::string& out);
  void write_origins(std::string& out, std::size_t bytes_max);
  void write_sessions(std::string& out, std::size_t bytes_max);
  void write_idempotency(std::string& out, std::size_t bytes_max);
  void write_embedding(std::string& out);
  void write_versions(std::string& out, std::size_t bytes_max);
  void write_end(std::string& out);

  template <class... Ts>
  void write(std::string& out, snapshot_record kind, const Ts&... values) {
    output_archive archive{out};
    archive << kind;
    (archive << ... << values);
    ++records;
  }
};

pin::pin(std::unique_ptr<impl> parts) : impl_(std::move(parts)) {}
pin::pin(pin&&) noexcept = default;
pin& pin::operator=(pin&&) noexcept = default;
pin::~pin() = default;

const snapshot_meta& pin::meta() const {
  return impl_->state.meta;
}
revision_t pin::revision() const {
  return impl_->state.revision;
}
revision_t pin::compacted() const {
  return impl_->state.compacted;
}
std::int64_t pin::taken_at_ms() const {
  return impl_->taken_at_ms;
}
bool pin::done() const {
  return impl_->at == impl::part::done;
}

query_result pin::run(const query& q) const {
  return run_query(*impl_->keys, q, impl_->state.compacted, impl_->state.revision);
}

std::string pin::next_chunk(std::size_t bytes_max) {
  TROUPE_ASSERT(!done(), "a pin has an end");
  bytes_max = std::max<std::size_t>(bytes_max, 1);
  std::string out;
  // The key space may stop short of bytes_max, so that skipping what is newer than the pin does not take the
  // turn.
  auto before = impl::part::done;
  while (out.size() < bytes_max && !done() && impl_->at != before) {
    before = impl_->at;
    impl_->write_part(out, bytes_max);
  }
  return out;
}

void pin::impl::write_part(std::string& out, std::size_t bytes_max) {
  switch (at) {
  case part::state: return write_state(out);
  case part::origins: return write_origins(out, bytes_max);
  case part::sessions: return write_sessions(out, bytes_max);
  case part::idempotency: return write_idempotency(out, bytes_max);
  case part::embedding: return write_embedding(out);
  case part::versions: return write_versions(out, bytes_max);
  case part::end: return write_end(out);
  case part::done: return;
  }
}

void pin::impl::write_state(std::string& out) {
  write(out, snapshot_record::state, state);
  at = part::origins;
}

void pin::impl::write_origins(std::string& out, std::size_t bytes_max) {
  while (next_origin < origins.size() && out.size() < bytes_max) {
    auto& [who, window] = origins[next_origin++];
    write(out, snapshot_record::origin, origin_record{who, std::move(window)});
  }
  if (next_origin == origins.size()) at = part::sessions;
}

void pin::impl::write_sessions(std::string& out, std::size_t bytes_max) {
  if (deliberately(bug::forget_sessions_in_snapshot)) sessions.clear();
  while (next_session < sessions.size() && out.size() < bytes_max) {
    auto& s = sessions[next_session++];
    auto& results = s.state->results;
    session_record record{s.id, s.last_used_ms, s.state->lowest, static_cast<std::uint32_t>(results.size())};
    write(out, snapshot_record::session, record);
    output_archive archive{out};
    for (auto& r : results)
      archive << r.sequence << r.result;
    // The table need not copy a session that this pin has already written.
    s.state.reset();
  }
  if (next_session == sessions.size()) at = part::idempotency;
}

void pin::impl::write_idempotency(std::string& out, std::size_t bytes_max) {
  for (; next_idempotency < idempotency.count && out.size() < bytes_max; ++next_idempotency) {
    auto place = idempotency.first + next_idempotency;
    auto& e = idempotency.segments[place / idempotency_segment::entries_max]
                  ->entries[place % idempotency_segment::entries_max];
    write(out, snapshot_record::idempotency, e.key, e.fingerprint_high, e.fingerprint_low, e.time_ms,
          e.result);
  }
  if (next_idempotency < idempotency.count) return;
  idempotency.segments.clear();
  at = part::embedding;
}

void pin::impl::write_embedding(std::string& out) {
  if (model.id) write(out, snapshot_record::embedding, model);
  at = part::versions;
}

void pin::impl::write_versions(std::string& out, std::size_t bytes_max) {
  keys->walk(history, state.compacted, state.revision, [&](std::string_view key, const version& v) {
    output_archive archive{out};
    archive << (v.tombstone() ? snapshot_record::tombstone : snapshot_record::value);
    archive << static_cast<std::uint32_t>(key.size());
    archive.save_binary(key.data(), key.size());
    archive << v.mod_revision;
    if (!v.tombstone()) archive << v.create_revision << v.number() << v.type() << v.value;
    ++records;
    if (auto* a = annotation_of(key, v)) write(out, snapshot_record::annotation, a->outcome, a->vectors);
    return out.size() < bytes_max;
  });
  if (history.done) at = part::end;
}

void pin::impl::write_end(std::string& out) {
  write(out, snapshot_record::end, end_record{records});
  at = part::done;
}

bool pin::items_done() const {
  return impl_->items.done;
}
const embedding_state& pin::embedding() const {
  return impl_->model;
}

std::vector<key_change> pin::next_items(std::size_t bytes_max) {
  TROUPE_ASSERT(!items_done(), "a pin has an end");
  std::vector<key_change> items;
  std::size_t bytes = 0;
  auto newest = impl_->state.revision;
  impl_->keys->walk(impl_->items, newest, newest, [&](std::string_view key, const version& v) {
    auto& item = items.emplace_back(
        key_change{std::string(key), true, v.value, v.type(), v.mod_revision, std::nullopt});
    if (auto* a = impl_->annotation_of(key, v)) item.annotation = *a;
    bytes += item.cost();
    return bytes < bytes_max;
  });
  return items;
}

pin pin::take(const state_parts& m, std::int64_t now_ms) {
  return pin{std::make_unique<impl>(m, now_ms)};
}

std::optional<pin> state_machine::try_pin(std::int64_t now_ms) {
  if (pins() >= pins_max) return std::nullopt;
  return pin::take(*parts_, now_ms);
}

namespace {

/// Two lanes of multiply and fold over 8 bytes a step, with different odd constants. Guards against mistakes,
/// not malice.
class digest_lanes {
public:
  /// Counts the bytes alone, not where they are cut.
  void add(std::string_view bytes) {
    size_ += bytes.size();
    pending_ += bytes;
    std::size_t at = 0;
    for (; pending_.size() - at >= sizeof(std::uint64_t); at += sizeof(std::uint64_t))
      add(word_at(at));
    pending_.erase(0, at);
  }
  std::string finish() {
    pending_.resize(sizeof(std::uint64_t));
    add(word_at(0));
    add(size_);
    return hex128(high_, low_);
  }

private:
  std::uint64_t word_at(std::size_t at) const {
    std::uint64_t word;
    std::memcpy(&word, pending_.data() + at, sizeof word);
    return word;
  }
  void add(std::uint64_t word) {
    high_ = fold(high_ ^ word, 0xa0761d6478bd642f);
    low_ = fold(low_ ^ word, 0xe7037ed1a0b428db) + word;
  }
  static std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    b *= (a | 1);
    return (b ^ (b >> 32)) + (a << 29 | a >> 35);
  }

  std::uint64_t high_ = 0x9e3779b97f4a7c15;
  std::uint64_t low_ = 0xd1b54a32d192ed03;
  std::uint64_t size_ = 0;
  std::string pending_;
};

} // namespace

std::string state_machine::digest() const {
  // The limit on pins is about memory that stays; this one is gone when the function returns.
  auto everything = pin::take(*parts_, 0);
  digest_lanes lanes;
  while (!everything.done())
    lanes.add(everything.next_chunk());
  return lanes.finish();
}

} // namespace troupe::storage
