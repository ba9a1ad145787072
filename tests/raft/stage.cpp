#include "tests/raft/stage.hpp"

#include "base/entry_archive.hpp"
#include "raft/formation.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace troupe::raft {

namespace {

constexpr std::string_view snapshot_bytes = "twenty bytes of it..";

std::string number(auto id) {
  return std::to_string(id.value);
}
std::string position(const entry& e) {
  return number(e.index) + "/" + number(e.term);
}

} // namespace

stage::stage(std::vector<std::string> voters, std::vector<std::string> learners) {
  limits.election_ticks_min = 10;
  limits.election_ticks_max = 20;
  limits.heartbeat_ticks = 3;
  limits.snapshot_chunk_bytes = 12;
  members_.cluster = {1, 1};
  auto add = [&](const std::string& name, bool voter) {
    members_.members.push_back({node_id{name}, {1, members_.members.size() + 1}, name, name, voter});
  };
  for (auto& name : voters)
    add(name, true);
  for (auto& name : learners)
    add(name, false);
}

void stage::enter(const std::string& name, std::vector<std::uint64_t> terms, std::uint64_t term,
                  const std::string& vote) {
  recovered r;
  r.state = {term_t{std::max(term, terms.back())}, node_id{vote}};
  auto& a = actors_[name];
  a = {};
  for (auto t : terms) {
    entry e = first_entry(members_);
    if (!a.log.empty()) e = {term_t{t}, index_t{a.log.size() + 1}, entry_kind::command, 0, {}, blob{"old"}};
    if (r.terms.empty() || r.terms.back().term.value != t) r.terms.push_back({e.index, e.term});
    a.log.push_back(e);
  }
  r.last_index = index_t{a.log.size()};
  r.tail = a.log;
  r.memberships = {{index_t{1}, members_}};
  a.state = r.state;
  a.brain.emplace(limits, node_id{name}, std::move(r), seed_++);
  pump(name);
}

void stage::enter_empty(const std::string& name) {
  auto& a = actors_[name];
  a = {};
  a.brain.emplace(limits, node_id{name}, recovered{}, seed_++);
  pump(name);
}

void stage::restart(const std::string& name) {
  auto& a = at(name);
  recovered r;
  r.state = a.state;
  r.snapshot = a.snapshot;
  r.last_index = a.before + a.log.size();
  r.tail = a.log;
  for (auto& e : a.log) {
    if (r.terms.empty() || r.terms.back().term != e.term) r.terms.push_back({e.index, e.term});
    if (e.kind == entry_kind::membership && e.index > r.snapshot.index)
      r.memberships.push_back({e.index, decode<membership>(e.payload.view(), "membership").value()});
  }
  a.writes.clear();
  a.brain.emplace(limits, node_id{name}, std::move(r), seed_++);
  pump(name);
}

void stage::enter_all() {
  for (auto& m : members_.members)
    if (!actors_.count(m.id.name)) enter(m.id.name);
}

std::vector<std::uint64_t> stage::log_terms(const std::string& name) {
  std::vector<std::uint64_t> terms;
  for (auto& e : at(name).log)
    terms.push_back(e.term.value);
  return terms;
}

void stage::tick(const std::string& name, unsigned ticks) {
  for (; ticks > 0; --ticks) {
    brain(name).tick(clock_ms[name]);
    pump(name);
  }
}

void stage::campaign(const std::string& name) {
  for (unsigned i = 0; i <= limits.election_ticks_max; ++i) {
    brain(name).tick(clock_ms[name]);
    if (brain(name).role() != role_kind::follower) break;
  }
  pump(name);
}

void stage::propose(const std::string& name, const std::vector<std::string>& payloads) {
  std::vector<proposal> batch;
  for (auto& p : payloads)
    batch.push_back({entry_kind::command, {}, blob{p}});
  auto refused = brain(name).propose(std::move(batch), clock_ms[name]);
  if (refused == refusal::not_leader) say(name + " refuses: not leader");
  if (refused == refusal::overloaded) say(name + " refuses: overloaded");
  if (refused == refusal::handing_over) say(name + " refuses: handing over");
  pump(name);
}

change_refusal stage::change(const std::string& name, const membership_change& what) {
  auto answer = brain(name).change_membership(what, clock_ms[name]);
  pump(name);
  return answer;
}

handover stage::hand_over(const std::string& name, const std::string& to) {
  auto answer = brain(name).hand_over(node_id{to});
  pump(name);
  return answer;
}

void stage::read(const std::string& name, std::uint64_t id) {
  brain(name).read({id});
  pump(name);
}

void stage::unreachable(const std::string& name, const std::string& peer) {
  brain(name).unreachable(node_id{peer});
  pump(name);
}

void stage::step(const std::string& from, const std::string& to, message m) {
  brain(to).step(node_id{from}, std::move(m));
  pump(to);
}

void stage::snapshot(const std::string& name, std::uint64_t index, std::uint64_t first_kept) {
  auto& a = at(name);
  auto& e = a.log.at(index - a.before.value - 1);
  a.snapshot = {e.index, e.term, members_};
  for (auto& earlier : a.log)
    if (earlier.kind == entry_kind::membership && earlier.index <= e.index)
      a.snapshot.members = decode<membership>(earlier.payload.view(), "membership").value();
  auto dropped = first_kept - a.before.value - 1;
  a.log.erase(a.log.begin(), a.log.begin() + static_cast<std::ptrdiff_t>(dropped));
  a.before = index_t{first_kept - 1};
  a.brain->snapshot_written(a.snapshot, index_t{first_kept});
  pump(name);
}

void stage::persist(const std::string& name, std::uint64_t number) {
  auto& a = at(name);
  std::uint64_t newest = 0;
  for (; !a.writes.empty() && a.writes.front() <= number; a.writes.pop_front())
    newest = a.writes.front();
  if (newest == 0) return;
  a.brain->persisted(newest);
  pump(name);
}

void stage::persist_states(const std::string& name) {
  auto& a = at(name);
  if (a.writes.empty()) return;
  a.brain->persisted(0, a.writes.back());
  pump(name);
}

bool stage::deliver(const std::string& from, const std::string& to) {
  auto found =
      std::find_if(flying_.begin(), flying_.end(), [&](auto& p) { return p.from == from && p.to == to; });
  if (found == flying_.end()) return false;
  auto p = std::move(*found);
  flying_.erase(found);
  if (actors_.count(to)) step(from, to, std::move(p.body));
  return true;
}

void stage::drop(const std::string& from, const std::string& to) {
  std::erase_if(flying_, [&](auto& p) { return p.from == from && p.to == to; });
}

void stage::settle() {
  for (bool moved = true; moved;) {
    moved = false;
    for (auto& [name, a] : actors_)
      if (!a.writes.empty()) {
        persist(name);
        moved = true;
      }
    while (!flying_.empty()) {
      auto p = flying_.front();
      deliver(p.from, p.to);
      moved = true;
    }
  }
}

void stage::elect(const std::string& name) {
  for (auto& [other, a] : actors_) // nobody remembers a leader that would have to be respected
    if (other != name && !isolated_.count(other) && a.brain->role() == role_kind::follower &&
        a.brain->leader())
      unreachable(other, a.brain->leader().name);
  campaign(name);
  settle();
  if (brain(name).role() != role_kind::leader) throw std::runtime_error(name + " was not elected");
}

std::string stage::take_transcript() {
  return std::exchange(transcript_, {});
}

void stage::pump(const std::string& name) {
  for (auto out = brain(name).take(clock_us); !out.empty(); out = brain(name).take(clock_us))
    carry_out(name, std::move(out));
}

void stage::carry_out(const std::string& name, output out) {
  auto& a = at(name);
  if (out.leadership_changed) {
    auto& leader = a.brain->leader();
    say(name + " is " + std::string(to_string(a.brain->role())) + " in term " + number(a.brain->term()) +
        (leader && leader.name != name ? ", led by " + leader.name : ""));
  }
  if (out.persist) {
    auto line = name + " writes #" + std::to_string(out.persist->number);
    if (out.persist->state) {
      a.state = *out.persist->state;
      line += " term=" + number(out.persist->state->term);
      if (out.persist->state->vote) line += " vote=" + out.persist->state->vote.name;
    }
    if (auto cut = out.persist->truncate_from) {
      line += " cut-from=" + number(*cut);
      a.log.resize(*cut - a.before - 1);
    }
    for (auto& e : out.persist->entries) {
      line += " " + position(e);
      a.log.push_back(e);
    }
    a.writes.push_back(out.persist->number);
    say(line);
  }
  for (auto& e : out.messages) {
    bool lost = isolated_.count(name) || isolated_.count(e.to.name);
    say(name + " -> " + e.to.name + " " + describe(e.body) + (lost ? " (lost)" : ""));
    if (!lost) flying_.push_back({name, e.to.name, std::move(e.body)});
  }
  if (!out.apply.empty()) {
    say(name + " applies " + number(out.apply.front().index) + ".." + number(out.apply.back().index));
    a.applied.insert(a.applied.end(), out.apply.begin(), out.apply.end());
    a.brain->applied(out.apply.back().index);
  }
  for (auto& r : out.reads) {
    for (auto id : r.ids)
      say(name + " answers read " + std::to_string(id) + " at " + number(r.index));
    a.reads.push_back(r);
  }
  for (auto id : out.reads_failed) {
    say(name + " fails read " + std::to_string(id));
    a.reads_failed.push_back(id);
  }
  for (auto& request : out.load)
    load(name, request);
  for (auto& request : out.snapshot_chunks)
    give_chunk(name, request);
  if (out.store_chunk) store_chunk(name, *out.store_chunk);
}

void stage::load(const std::string& name, const load_request& request) {
  auto& a = at(name);
  say(name + " loads " + number(request.lo) + ".." + number(request.hi) +
      (request.who ? " for " + request.who.name : " to apply"));
  if (request.lo <= a.before) {
    a.brain->load_failed(request);
    return;
  }
  std::vector<entry> entries;
  std::size_t bytes = 0;
  for (auto i = request.lo; i <= request.hi; ++i) {
    auto& e = a.log.at(i - a.before - 1);
    bytes += e.cost();
    if (!entries.empty() && bytes > request.bytes_max) break;
    entries.push_back(e);
  }
  a.brain->loaded(request, std::move(entries));
}

void stage::give_chunk(const std::string& name, const snapshot_request& request) {
  auto& a = at(name);
  auto offset = request.index == a.snapshot.index ? request.offset : 0;
  auto bytes = snapshot_bytes.substr(offset, request.bytes_max);
  a.brain->snapshot_chunk(request, a.snapshot, snapshot_bytes.size(), std::string(bytes),
                          offset + bytes.size() == snapshot_bytes.size());
}

void stage::store_chunk(const std::string& name, const incoming_chunk& chunk) {
  auto& a = at(name);
  if (!chunk.done) {
    a.brain->chunk_stored(chunk.meta, chunk.offset + chunk.bytes.size());
    return;
  }
  say(name + " installs the snapshot at " + number(chunk.meta.index));
  a.snapshot = chunk.meta;
  a.before = chunk.meta.index;
  a.log.clear();
  a.brain->snapshot_installed(chunk.meta);
}

namespace {

struct describer {
  std::string operator()(const pre_vote_request& m) const {
    return "pre_vote_request term=" + number(m.term) + " last=" + number(m.last_index) + "/" +
           number(m.last_term);
  }
  std::string operator()(const pre_vote_response& m) const {
    return "pre_vote_response term=" + number(m.term) + (m.granted ? " granted" : " refused");
  }
  std::string operator()(const vote_request& m) const {
    return "vote_request term=" + number(m.term) + " last=" + number(m.last_index) + "/" +
           number(m.last_term) + (m.handed_over ? " handed-over" : "");
  }
  std::string operator()(const vote_response& m) const {
    return "vote_response term=" + number(m.term) + (m.granted ? " granted" : " refused");
  }
  std::string operator()(const append_request& m) const {
    auto line = "append term=" + number(m.term) + " after=" + number(m.previous_index) + "/" +
                number(m.previous_term) + " commit=" + number(m.commit);
    if (m.read_round != 0) line += " round=" + std::to_string(m.read_round);
    if (!m.acknowledge) line += " news";
    for (auto& e : m.entries)
      line += " " + position(e);
    return line;
  }
  std::string operator()(const append_response& m) const {
    auto line = "append_response term=" + number(m.term) + (m.accepted ? " accepted=" : " refused=") +
                number(m.index);
    if (!m.accepted && m.index.value != 0)
      line += " hint=" + number(m.hint_index) + "/" + number(m.hint_term);
    if (m.read_round != 0) line += " round=" + std::to_string(m.read_round);
    return line;
  }
  std::string operator()(const install_snapshot& m) const {
    return "install_snapshot term=" + number(m.term) + " snapshot=" + number(m.meta.index) + "/" +
           number(m.meta.term) + " offset=" + std::to_string(m.offset) + (m.done ? " done" : "");
  }
  std::string operator()(const install_snapshot_response& m) const {
    auto line = "install_snapshot_response term=" + number(m.term) + " snapshot=" + number(m.index);
    switch (m.status) {
    case install_status::receiving: return line + " next=" + std::to_string(m.next_offset);
    case install_status::installed: return line + " installed";
    case install_status::rejected: return line + " rejected";
    }
    return line;
  }
  std::string operator()(const read_index_request& m) const {
    return "read_index_request term=" + number(m.term);
  }
  std::string operator()(const read_index_response& m) const {
    return "read_index_response term=" + number(m.term) +
           (m.granted ? " index=" + number(m.index) : " refused");
  }
  std::string operator()(const timeout_now& m) const { return "timeout_now term=" + number(m.term); }
};

} // namespace

std::string describe(const message& m) {
  return std::visit(describer{}, m);
}

} // namespace troupe::raft
