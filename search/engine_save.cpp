#include "search/block_file.hpp"
#include "search/engine_impl.hpp"

#include <algorithm>

namespace troupe::search {

namespace {

constexpr block_file_kind kind{"troupeVK", 1};

/// What the file says of one document; in the order of the documents in the vector index that follows.
struct saved_document {
  std::string key;
  revision_t mod_revision;
};

std::vector<saved_document> read_documents(block_reader& in) {
  constexpr std::size_t least_bytes = 8 + 4;
  std::vector<saved_document> documents;
  auto count = in.value<std::uint32_t>();
  if (count > in.remaining_max() / least_bytes) in.refuse("the number of documents is impossible");
  for (std::uint32_t n = 0; n < count && !in.failed(); ++n) {
    saved_document d;
    d.mod_revision = revision_t{in.value<std::uint64_t>()};
    auto length = in.value<std::uint32_t>();
    if (length > in.remaining_max()) {
      in.refuse("a key is longer than the file");
      break;
    }
    d.key.resize(length);
    in.bytes(d.key.data(), length);
    documents.push_back(std::move(d));
  }
  return documents;
}

} // namespace

result<void> engine::save_vectors(file_system& disk, const std::string& path) const {
  auto& i = *impl_;
  if (!i.vectors) return error{errc::not_found, "there is no vector index to save"};
  auto all = i.vectors->contained();
  all.unite(i.reserve);
  block_writer out{disk, path, kind};
  out.value(static_cast<std::uint32_t>(all.size()));
  all.each([&](doc_id d) {
    auto& key = i.docs.at(d).key;
    out.value(i.annotations[d].revision.value);
    out.value(static_cast<std::uint32_t>(key.size()));
    out.bytes(key.data(), key.size());
  });
  i.vectors->write(out);
  return out.finish();
}

result<void> engine::load_vectors(file_system& disk, const std::string& path) {
  auto& i = *impl_;
  if (!i.vectors || i.vectors->documents() != 0 || !i.reserve.empty())
    return error{errc::invalid_argument, "vectors are loaded into an empty vector index only"};
  auto in = block_reader::open(disk, path, kind);
  if (!in) return in.error();
  auto documents = read_documents(*in);
  if (in->failed()) return in->finish();

  std::vector<doc_id> ids;
  std::vector<doc_id> reserved;
  for (auto& d : documents) {
    auto known = i.docs.place_of(d.key).has_value();
    ids.push_back(i.docs.reserve(d.key));
    if (!known) reserved.push_back(ids.back());
  }
  auto give_up = [&](error e) {
    for (auto d : reserved)
      i.docs.release(d);
    return e;
  };
  auto index = vector_index::read(*in, i.vectors->settings(), ids);
  if (!index) return give_up(index.error());
  if (auto done = in->finish(); !done) return give_up(done.error());
  if (index->documents() != documents.size())
    return give_up({errc::corrupt, path + ": documents without vectors"});

  i.vectors = std::move(*index);
  for (std::size_t n = 0; n < documents.size(); ++n) {
    auto d = ids[n];
    i.vectors->hide(d);
    i.reserve.insert(d);
    i.loaded = std::max(i.loaded, documents[n].mod_revision);
    i.annotation_of(d) = {documents[n].mod_revision, {}};
    if (i.docs.contains(d) && documents[n].mod_revision < i.docs.at(d).mod_revision) i.drop_vectors(d);
  }
  return {};
}

revision_t engine::loaded_revision() const {
  return impl_->loaded;
}

} // namespace troupe::search
