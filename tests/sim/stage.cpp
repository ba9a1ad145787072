#include "tests/sim/stage.hpp"

#include <algorithm>

namespace troupe::simulation {

namespace {

/// More turns without time passing mean that actors send each other messages for ever.
constexpr std::uint64_t turns_at_once_max = 2'000'000;

} // namespace

void stage::enter(caf::actor_id id, unsigned owner, part what) {
  if (players_.size() <= id) players_.resize(id + 1);
  players_[id] = {owner, what, 0};
}

stage::player& stage::player_of(caf::resumable* job) {
  auto* actor = dynamic_cast<caf::local_actor*>(job);
  if (!actor) return players_.empty() ? players_.emplace_back() : players_[0];
  if (players_.size() <= actor->id()) players_.resize(actor->id() + 1);
  return players_[actor->id()];
}

std::size_t stage::choose() {
  auto& jobs = scheduler().jobs;
  if (jobs.empty()) return 0;
  // Mostly all may go, so the first draw decides; the sweep is as even where it is needed.
  auto place = random_.below(jobs.size());
  if (may_go(player_of(jobs[place]))) return place;
  std::vector<std::size_t> able;
  for (std::size_t i = 0; i < jobs.size(); ++i)
    if (may_go(player_of(jobs[i]))) able.push_back(i);
  return able.empty() ? jobs.size() : random_.pick(able);
}

void stage::take_turn(std::size_t place) {
  auto& jobs = scheduler().jobs;
  std::swap(jobs[place], jobs.front());
  auto* job = jobs.front();
  auto* actor = dynamic_cast<caf::local_actor*>(job);
  auto id = actor ? actor->id() : 0;
  auto before = player_of(job);
  log_.add(before.owner);
  log_.add(static_cast<std::uint64_t>(before.what));
  ++turns_;
  scheduler().run_once();
  if (before.owner != nobody) turn_ended(players_[id]);
}

bool stage::run() {
  auto& jobs = scheduler().jobs;
  for (std::uint64_t n = 0; n < turns_at_once_max; ++n) {
    if (interrupted()) return true;
    auto place = choose();
    if (place == jobs.size()) return true;
    take_turn(place);
  }
  return false;
}

void stage::run_owner(unsigned owner) {
  auto& jobs = scheduler().jobs;
  while (true) {
    auto mine =
        std::find_if(jobs.begin(), jobs.end(), [&](auto* job) { return player_of(job).owner == owner; });
    if (mine == jobs.end()) return;
    std::swap(*mine, jobs.front());
    scheduler().run_once();
  }
}

void stage::run_first(const caf::actor& who) {
  if (scheduler().prioritize(who)) scheduler().run_once();
}

void stage::run_all() {
  while (scheduler().has_job())
    scheduler().run_once();
}

void stage::pause(unsigned owner, bool paused) {
  if (paused_.size() <= owner) paused_.resize(owner + 1);
  paused_[owner] = paused;
}

void stage::hold(unsigned owner, part what, std::int64_t time) {
  for (auto& p : players_)
    if (p.owner == owner && p.what == what) p.not_before = std::max(p.not_before, time);
}

} // namespace troupe::simulation
