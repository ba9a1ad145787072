#include "raft/core.hpp"

#include "raft/machine.hpp"

#include <utility>

namespace troupe::raft {

core::core(const settings& limits, node_id self, recovered from_disk, std::uint64_t seed)
    : machine_(std::make_unique<machine>(limits, std::move(self), from_disk, seed)) {}
core::~core() = default;
core::core(core&&) noexcept = default;
core& core::operator=(core&&) noexcept = default;

void core::tick(std::int64_t clock_ms) {
  machine_->tick(clock_ms);
}
void core::step(const node_id& from, message m) {
  machine_->step(from, std::move(m));
}
refusal core::propose(std::vector<proposal> batch, std::int64_t clock_ms) {
  return machine_->propose(std::move(batch), clock_ms);
}
handover core::hand_over(const node_id& to) {
  return machine_->hand_over(to);
}
change_refusal core::change_membership(const membership_change& change, std::int64_t clock_ms) {
  return machine_->change_membership(change, clock_ms);
}
void core::read(std::vector<std::uint64_t> ids) {
  machine_->read(std::move(ids));
}
void core::persisted(std::uint64_t number, std::uint64_t state_number) {
  machine_->persisted(number, state_number);
}
void core::applied(index_t index) {
  machine_->applied(index);
}
void core::loaded(const load_request& request, std::vector<entry> entries) {
  machine_->loaded(request, std::move(entries));
}
void core::load_failed(const load_request& request) {
  machine_->load_failed(request);
}
void core::snapshot_written(const snapshot_meta& meta, index_t first_kept) {
  machine_->snapshot_written(meta, first_kept);
}
void core::snapshot_chunk(const snapshot_request& request, const snapshot_meta& meta,
                          std::uint64_t total_size, std::string bytes, bool done) {
  machine_->snapshot_chunk(request, meta, total_size, std::move(bytes), done);
}
void core::chunk_stored(const snapshot_meta& meta, std::uint64_t next_offset) {
  machine_->chunk_stored(meta, next_offset);
}
void core::snapshot_installed(const snapshot_meta& meta, std::int64_t leader_time_ms) {
  machine_->snapshot_installed(meta, leader_time_ms);
}
void core::snapshot_rejected(const snapshot_meta& meta) {
  machine_->snapshot_rejected(meta);
}
void core::unreachable(const node_id& peer) {
  machine_->unreachable(peer);
}
output core::take(std::int64_t clock_us) {
  return machine_->take(clock_us);
}
status core::get_status() const {
  return machine_->get_status();
}
known_members core::get_known_members() const {
  return machine_->get_known_members();
}
const membership& core::members() const {
  return machine_->members();
}
log_position core::members_at() const {
  return machine_->members_at();
}
role_kind core::role() const {
  return machine_->role();
}
term_t core::term() const {
  return machine_->term();
}
index_t core::commit() const {
  return machine_->commit();
}
index_t core::last_index() const {
  return machine_->last_index();
}
const node_id& core::leader() const {
  return machine_->leader_id();
}
node_id core::handing_over_to() const {
  return machine_->handing_over_to();
}

} // namespace troupe::raft
