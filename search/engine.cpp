#include "search/engine.hpp"

#include "search/engine_impl.hpp"
#include "search/fingerprint.hpp"

#include <algorithm>

namespace troupe::search {

namespace {

/// One call of tidy_some: a few milliseconds.
constexpr std::size_t reclaim_work = 20'000;
constexpr std::size_t link_work = 8;

} // namespace

bool index_scope::covers(std::string_view key, value_kind kind, std::size_t bytes) const {
  if (bytes > value_bytes_max || (kind == value_kind::text && !text_values) ||
      (kind == value_kind::json && !json_values))
    return false;
  return prefixes.empty() || std::any_of(prefixes.begin(), prefixes.end(),
                                         [&](const std::string& prefix) { return key.starts_with(prefix); });
}

result<engine> engine::make(engine_settings settings) {
  auto parts = std::make_unique<impl>();
  if (settings.text) {
    auto text = text_index::make(*settings.text);
    if (!text) return text.error();
    parts->text = std::move(*text);
  }
  parts->settings = std::move(settings);
  engine made{std::move(parts)};
  if (auto done = made.reset_vectors(made.impl_->settings.vectors); !done) return done.error();
  return made;
}

engine::engine(std::unique_ptr<impl> parts) : impl_(std::move(parts)) {}
engine::engine(engine&&) noexcept = default;
engine& engine::operator=(engine&&) noexcept = default;
engine::~engine() = default;

engine::impl::annotation& engine::impl::annotation_of(doc_id d) {
  if (annotations.size() <= d)
    annotations.resize(std::max<std::size_t>(d + std::size_t{1}, annotations.size() * 2));
  return annotations[d];
}

void engine::impl::drop_vectors(doc_id d) {
  if (vectors) vectors->erase(d);
  reserve.erase(d);
  annotation_of(d) = {};
}

void engine::put(std::string_view key, blob value, value_kind kind, revision_t mod_revision) {
  auto& i = *impl_;
  if (!i.settings.scope.covers(key, kind, value.size())) return erase(key);
  auto d = i.docs.put(key, std::move(value), kind, mod_revision);
  if (i.text) i.text->put(d, extract(i.document_of(d)));
  // What is in reserve may be of a revision that is yet to come.
  auto held = i.annotation_of(d).revision;
  if (i.reserve.contains(d) ? held < mod_revision : held != mod_revision) i.drop_vectors(d);
}

void engine::erase(std::string_view key) {
  auto d = impl_->docs.place_of(key);
  if (!d) return;
  if (impl_->text && impl_->docs.contains(*d)) impl_->text->erase(*d);
  impl_->drop_vectors(*d);
  impl_->docs.release(*d);
}

std::optional<revision_t> engine::revision_of(std::string_view key) const {
  auto d = impl_->docs.find(key);
  if (!d) return std::nullopt;
  return impl_->docs.at(*d).mod_revision;
}

result<void> engine::annotate(std::string_view key, revision_t mod_revision, std::vector<passage> passages,
                              std::span<const float> vectors) {
  auto& i = *impl_;
  auto d = i.docs.find(key);
  if (!i.vectors || !d || i.docs.at(*d).mod_revision != mod_revision) return {};
  auto in_order = [](const passage& p) { return p.begin <= p.end; };
  if (passages.empty() || passages.size() > passages_max ||
      vectors.size() != passages.size() * i.vectors->settings().dimension ||
      !std::all_of(passages.begin(), passages.end(), in_order))
    return error{errc::invalid_argument, std::to_string(passages.size()) + " passages and " +
                                             std::to_string(vectors.size()) +
                                             " numbers do not belong together"};
  auto& held = i.annotation_of(*d);
  if (held.revision == mod_revision && i.vectors->holds(*d, vectors))
    i.vectors->show(*d);
  else if (auto done = i.vectors->put(*d, vectors); !done)
    return done;
  i.reserve.erase(*d);
  held = {mod_revision, std::move(passages)};
  return {};
}

result<void> engine::reset_vectors(std::optional<vector_settings> settings) {
  if (settings)
    if (auto done = check(*settings); !done) return done;
  drop_unadopted();
  impl_->annotations.clear();
  impl_->vectors.reset();
  if (settings) impl_->vectors.emplace(*settings);
  impl_->settings.vectors = settings;
  return {};
}

void engine::drop_unadopted() {
  auto dropped = std::exchange(impl_->reserve, {});
  dropped.each([&](doc_id d) {
    impl_->drop_vectors(d);
    if (!impl_->docs.contains(d)) impl_->docs.release(d);
  });
}

bool engine::tidy_some() {
  auto more_text = impl_->text && impl_->text->reclaim_some(reclaim_work);
  auto more_vectors = impl_->vectors && impl_->vectors->link_some(link_work);
  return more_text || more_vectors;
}

std::size_t engine::unlinked() const {
  return impl_->vectors ? impl_->vectors->waiting() : 0;
}

engine::sizes engine::size() const {
  auto& i = *impl_;
  sizes s;
  s.documents = i.docs.size();
  if (i.text) {
    s.terms = i.text->terms();
    s.text_bytes = i.text->memory_bytes();
  }
  if (i.vectors) {
    s.vector_documents = i.vectors->documents();
    s.vectors = i.vectors->vectors();
    s.vector_bytes = i.vectors->memory_bytes();
  }
  return s;
}

std::string engine::digest() const {
  auto& i = *impl_;
  fingerprint print;
  i.docs.each([&](doc_id d) {
    auto& e = i.docs.at(d);
    print.bytes(e.key);
    print.number(e.mod_revision.value);
    print.number(static_cast<std::uint64_t>(e.kind));
    print.bytes(e.value.view());
    if (!i.vectors || !i.vectors->contains(d)) return print.number(0);
    auto v = i.vectors->vectors_of(d);
    print.bytes({reinterpret_cast<const char*>(v.data()), v.size() * sizeof(float)});
    for (auto& p : i.annotations[d].passages)
      print.number(std::uint64_t{p.begin} << 32 | p.end);
  });
  // Equal documents have equal terms: a text index that went astray shows here.
  if (i.text) {
    print.number(i.text->documents());
    print.number(i.text->terms());
  }
  return print.digits();
}

} // namespace troupe::search
