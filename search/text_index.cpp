#include "search/text_index.hpp"

#include "search/inverted_index.hpp"
#include "search/text_search.hpp"

#include <cmath>

namespace troupe::search {

struct text_index::impl {
  text_settings settings;
  analyzer words;
  inverted_index index;
  std::vector<token> tokens; ///< scratch
};

result<text_index> text_index::make(const text_settings& settings) {
  if (!std::isfinite(settings.k1) || settings.k1 < 0)
    return error{errc::invalid_argument, "k1 has to be a number of at least 0"};
  if (!(settings.b >= 0 && settings.b <= 1))
    return error{errc::invalid_argument, "b has to be a number from 0 to 1"};
  auto words = analyzer::make(settings.words);
  if (!words) return words.error();
  return text_index(std::make_unique<impl>(impl{settings, std::move(*words), {}, {}}));
}

text_index::text_index(std::unique_ptr<impl> parts) : impl_(std::move(parts)) {}
text_index::text_index(text_index&&) noexcept = default;
text_index& text_index::operator=(text_index&&) noexcept = default;
text_index::~text_index() = default;

void text_index::put(doc_id d, const extracted& content) {
  for (auto& part : content.texts) {
    impl_->words.analyze(part.text, impl_->tokens);
    impl_->index.add_part(part.field, impl_->tokens);
  }
  impl_->index.commit(d, content.facts);
}

void text_index::erase(doc_id d) {
  impl_->index.erase(d);
}

bool text_index::reclaim_some(std::size_t work) {
  return impl_->index.reclaim_some(work);
}

text_answer text_index::search(const text_ask& ask) const {
  return find_best(impl_->index, impl_->settings, ask);
}

doc_set text_index::matches(const text_ask& ask) const {
  return find_all(impl_->index, impl_->settings, ask);
}

std::vector<facet_count> text_index::facets(std::string_view field, const doc_set& over,
                                            std::size_t limit) const {
  const auto f = impl_->index.fields().find(field);
  if (!f) return {};
  return impl_->index.columns().facets(impl_->index.slots(), *f, over, limit);
}

std::vector<score_part> text_index::explain(const text_ask& ask, doc_id d) const {
  return explain_score(impl_->index, impl_->settings, ask, d);
}

std::uint64_t text_index::documents() const {
  return impl_->index.slots().documents();
}
std::uint64_t text_index::terms() const {
  return impl_->index.live_terms();
}
std::uint64_t text_index::memory_bytes() const {
  return impl_->index.memory_bytes();
}
analyzer& text_index::words() const {
  return impl_->words;
}

} // namespace troupe::search
