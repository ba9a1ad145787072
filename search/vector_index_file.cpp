#include "search/block_file.hpp"
#include "search/vector_index_impl.hpp"

#include <algorithm>
#include <bit>

namespace troupe::search {

namespace {

constexpr block_file_kind kind{"troupeVI", 1};

/// In the file, slots name documents by their place in the list of documents; this stands for a tombstone.
constexpr std::uint32_t tombstone = std::numeric_limits<std::uint32_t>::max();

void write_settings(block_writer& out, const vector_settings& s) {
  out.value(s.dimension);
  out.value(s.distance);
  out.value(s.links);
  out.value(s.build_breadth);
}

/// Whether a graph with these settings may go on under `wanted`.
bool same_settings(block_reader& in, const vector_settings& wanted) {
  auto dimension = in.value<std::uint32_t>();
  auto distance = in.value<std::uint8_t>();
  auto links = in.value<std::uint32_t>();
  auto breadth = in.value<std::uint32_t>();
  return dimension == wanted.dimension && distance == static_cast<std::uint8_t>(wanted.distance) &&
         links == wanted.links && breadth == wanted.build_breadth;
}

} // namespace

void vector_index::write(block_writer& out) const {
  auto& i = *impl_;
  write_settings(out, i.settings);
  std::vector<std::uint32_t> places(i.docs.size(), tombstone);
  out.value(static_cast<std::uint32_t>(i.known_docs));
  std::uint32_t place = 0;
  for (doc_id d = 0; d < i.docs.size(); ++d) {
    if (!i.known(d)) continue;
    places[d] = place++;
    out.value(d);
    out.value(static_cast<std::uint8_t>(i.docs[d].passages));
    out.value(static_cast<std::uint8_t>(i.docs[d].linked));
  }
  i.graph.write(out);
  for (auto& slot : i.slots) {
    out.value(slot.doc == no_doc ? tombstone : places[slot.doc]);
    out.value(static_cast<std::uint8_t>(slot.passage));
  }
  for (auto& entry : i.queue) {
    if (entry.doc == no_doc) continue;
    auto& state = i.docs[entry.doc];
    out.value(places[entry.doc]);
    auto from = state.linked * i.floats;
    out.bytes(entry.vectors.data() + from, (entry.vectors.size() - from) * sizeof(float));
  }
}

/// Fills docs (without their slots) and shown; `ids` gets the id of each place.
void vector_index::impl::read_documents(block_reader& in, std::span<const doc_id> renamed,
                                        std::vector<doc_id>& ids) {
  constexpr std::size_t entry_bytes = 4 + 1 + 1;
  auto count = in.value<std::uint32_t>();
  if (count > in.remaining_max() / entry_bytes || (!renamed.empty() && renamed.size() != count))
    return in.refuse("the number of documents is impossible");
  // Ids are dense, so a hostile one could make us allocate; a list that is sparser than this was not saved by
  // us.
  constexpr std::uint64_t sparseness_max = 1'000;
  std::uint64_t least = 0;
  for (std::uint32_t place = 0; place < count && !in.failed(); ++place) {
    doc_id saved = in.value<std::uint32_t>();
    auto passages = in.value<std::uint8_t>();
    auto linked = in.value<std::uint8_t>();
    auto d = renamed.empty() ? saved : renamed[place];
    if (saved < least || passages < 1 || passages > passages_max || linked > passages || d == no_doc ||
        (renamed.empty() && d > std::uint64_t{1} << 20 && d / sparseness_max > count))
      return in.refuse("a document is impossible");
    least = std::uint64_t{saved} + 1;
    if (docs.size() <= d) docs.resize(std::max<std::size_t>(d + std::size_t{1}, docs.size() * 2));
    if (known(d)) return in.refuse("a document is there twice");
    docs[d].passages = passages;
    docs[d].linked = linked;
    ids.push_back(d);
    shown.insert(d);
    shown_vectors += passages;
  }
  known_docs = count;
}

/// Who the vectors of the graph belong to. Every document has to have just its first `linked` passages there.
void vector_index::impl::read_slots(block_reader& in, std::span<const doc_id> ids) {
  static_assert(passages_max <= 64, "a word has a bit for each passage");
  std::vector<std::uint64_t> seen(ids.size());
  for (std::uint32_t at = 0; at < graph.size() && !in.failed(); ++at) {
    auto place = in.value<std::uint32_t>();
    auto passage = in.value<std::uint8_t>();
    if (place == tombstone) {
      slots.push_back({});
      ++dead;
      continue;
    }
    if (place >= ids.size() || passage >= docs[ids[place]].linked || (seen[place] >> passage & 1) != 0)
      return in.refuse("a vector belongs to no document");
    seen[place] |= std::uint64_t{1} << passage;
    auto& state = docs[ids[place]];
    slots.push_back({ids[place], passage, std::exchange(state.first, at)});
  }
  for (std::size_t place = 0; place < ids.size(); ++place)
    if (static_cast<std::uint32_t>(std::popcount(seen[place])) != docs[ids[place]].linked)
      return in.refuse("a document lacks a vector");
}

void vector_index::impl::read_waiting(block_reader& in, std::span<const doc_id> ids) {
  std::size_t expected = 0;
  for (auto d : ids)
    expected += docs[d].linked != docs[d].passages ? 1 : 0;
  std::vector<bool> seen(ids.size());
  for (; expected != 0 && !in.failed(); --expected) {
    auto place = in.value<std::uint32_t>();
    if (place >= ids.size() || seen[place]) return in.refuse("a waiting document is impossible");
    seen[place] = true;
    auto& state = docs[ids[place]];
    auto left = (state.passages - state.linked) * floats;
    if (left == 0 || left * sizeof(float) > in.remaining_max())
      return in.refuse("a waiting document is impossible");
    std::vector<float> vectors(state.passages * floats);
    in.bytes(vectors.data() + state.linked * floats, left * sizeof(float));
    for (auto from = state.linked * floats; from < vectors.size(); from += floats)
      if (!admissible({vectors.data() + from, floats}, settings))
        return in.refuse("a waiting vector is impossible");
    state.number = queue_begin + queue.size();
    waiting += state.passages - state.linked;
    waiting_bytes += vectors.capacity() * sizeof(float);
    queue.push_back({ids[place], std::move(vectors)});
  }
}

result<vector_index> vector_index::read(block_reader& in, const vector_settings& settings,
                                        std::span<const doc_id> renamed) {
  if (!same_settings(in, settings)) {
    if (in.failed()) return in.finish().error();
    return error{errc::foreign, "the vectors were saved with another dimension, metric or graph"};
  }
  auto parts = std::make_unique<impl>(settings);
  std::vector<doc_id> ids;
  parts->read_documents(in, renamed, ids);
  if (in.failed()) return in.finish().error();
  auto graph = vector_graph::read(in, settings);
  if (!graph) return graph.error();
  parts->graph = std::move(*graph);
  parts->read_slots(in, ids);
  if (!in.failed()) parts->read_waiting(in, ids);
  if (in.failed()) return in.finish().error();
  return vector_index{std::move(parts)};
}

result<void> vector_index::save(file_system& disk, const std::string& path) const {
  block_writer out{disk, path, kind};
  write(out);
  return out.finish();
}

result<vector_index> vector_index::load(file_system& disk, const std::string& path,
                                        const vector_settings& settings) {
  auto in = block_reader::open(disk, path, kind);
  if (!in) return in.error();
  auto index = read(*in, settings);
  if (!index) return index;
  if (auto done = in->finish(); !done) return done.error();
  return index;
}

} // namespace troupe::search
