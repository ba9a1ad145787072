// The side of the Raft actor that sends searches to the indexer and writes to the embedder.

#include "actors/raft_driver.hpp"

namespace troupe {

void raft_driver::on_search_parts(const search_parts& parts) {
  search_parts_ = parts;
  told_leads_ = false;
  tell_leadership();
}

void raft_driver::tell_leadership() {
  if (!search_parts_.embedder) return;
  // A leader that has not applied what its predecessors committed does not know which model the cluster has.
  bool leads = core_ && core_->role() == raft::role_kind::leader && facts_.applied >= leads_from_;
  if (leads == told_leads_) return;
  told_leads_ = leads;
  self_->send(search_parts_.embedder, leadership{leads});
}

void raft_driver::take_search(const request& r, const search_request& what, const answer_sink_actor& sink) {
  if (!search_parts_.indexer) {
    answers_.add(sink, answer{r.id, failed_search(search_outcome::no_index, "this node does not search")});
    return;
  }
  routed_search routed{sink, r.id, what, now_.steady_ms + r.timeout_ms};
  // A page behind the first shows results that were found earlier, so there is nothing to confirm.
  if (what.freshness == consistency::stale || !what.cursor.empty()) {
    search_batch batch{index_t{}, {}};
    batch.searches.push_back(std::move(routed));
    self_->send(search_parts_.indexer, std::move(batch));
  } else if (searches_.full()) {
    answers_.refuse(sink, r.id, overloaded());
  } else {
    searches_.gather(std::move(routed));
  }
}

void raft_driver::take_embedded_write(const request& r, const answer_sink_actor& sink) {
  if (!search_parts_.embedder) {
    answers_.refuse(sink, r.id, {refusal_kind::invalid, 0, "this cluster makes no vectors"});
    return;
  }
  self_->send(search_parts_.embedder, embed_writes{{r}}, sink);
}

void raft_driver::ask_search_index() {
  if (!core_ || !core_->leader()) return;
  if (auto id = searches_.ask()) core_->read({id});
}

void raft_driver::answer_searches(raft::output& out) {
  for (auto& ready : out.reads) {
    search_batch batch{ready.index, {}};
    for (auto id : ready.ids)
      for (auto& s : searches_.take(id))
        batch.searches.push_back(std::move(s));
    if (!batch.searches.empty()) self_->send(search_parts_.indexer, std::move(batch));
  }
  for (auto id : out.reads_failed)
    searches_.failed(id);
}

} // namespace troupe
