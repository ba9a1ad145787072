#include "search/query_plan.hpp"

#include "search/match_finder.hpp"

#include <utility>

namespace troupe::search {

namespace {

using type = query_node::type;

class planner {
public:
  planner(const inverted_index& index, const bm25& rank, const text_ask& ask)
      : index_(index), rank_(rank), ask_(ask) {}

  cursor_ptr whole() {
    std::vector<cursor_ptr> wanted;
    std::vector<cursor_ptr> unscored;
    if (ask_.query != nullptr) wanted.push_back(node(*ask_.query));
    if (ask_.filter != nullptr && ask_.filter->what != type::everything)
      unscored.push_back(node(*ask_.filter));
    if (ask_.within != nullptr) unscored.push_back(set_matches(slots_within()));
    if (wanted.empty() && unscored.empty()) return set_matches(everything());
    return all_matches(std::move(wanted), {}, std::move(unscored));
  }

private:
  cursor_ptr node(const query_node& n) {
    switch (n.what) {
    case type::all_of: return all_of(n);
    case type::any_of: return any_of(n);
    case type::word: return word(n);
    case type::phrase: return phrase(n);
    case type::prefix: return expanded(n, expand_prefix(index_, n.text), n.text + "*");
    case type::fuzzy: return fuzzy(n);
    case type::number:
    case type::boolean:
    case type::keyword: return set_matches(facts(n));
    case type::everything: return set_matches(everything());
    case type::nothing: break;
    }
    return nothing();
  }

  static cursor_ptr nothing() { return set_matches(slot_set(0)); }

  cursor_ptr all_of(const query_node& n) {
    std::vector<cursor_ptr> wanted;
    std::vector<cursor_ptr> unwanted;
    for (auto& child : n.children)
      (child.negated ? unwanted : wanted).push_back(node(child));
    if (wanted.empty()) wanted.push_back(set_matches(everything()));
    return all_matches(std::move(wanted), std::move(unwanted), {});
  }
  cursor_ptr any_of(const query_node& n) {
    std::vector<cursor_ptr> children;
    for (auto& child : n.children)
      children.push_back(node(child));
    return children.empty() ? nothing() : any_matches(std::move(children));
  }

  cursor_ptr word(const query_node& n) {
    const auto id = index_.terms().find(n.text);
    if (id == term_dictionary::none || index_.postings(id).live() == 0) return nothing();
    const auto fields = choice(n);
    if (fields.everywhere())
      return word_matches(index_.postings(id), index_.slots(), rank_, {n.text, label_of(n)});
    const expansion one{id, 0};
    return listed(find_any(index_, {&one, 1}, fields), n, n.text);
  }
  cursor_ptr phrase(const query_node& n) {
    if (n.terms.size() == 1) {
      query_node single;
      single.what = type::word;
      single.field = n.field;
      single.text = n.terms.front();
      return word(single);
    }
    std::string name;
    for (auto& t : n.terms)
      name += (name.empty() ? "" : " ") + t;
    return listed(find_phrase(index_, n.terms, n.positions, choice(n)), n, std::move(name));
  }
  cursor_ptr fuzzy(const query_node& n) {
    const unsigned distance = std::min<unsigned>(n.distance, std::size(distance_weights) - 1);
    return expanded(n, expand_fuzzy(index_, n.text, distance), n.text + "~" + std::to_string(distance));
  }
  cursor_ptr expanded(const query_node& n, const std::vector<expansion>& terms, std::string name) {
    return listed(find_any(index_, terms, choice(n)), n, std::move(name));
  }
  cursor_ptr listed(std::vector<found_match> found, const query_node& n, std::string name) {
    if (found.size() <= listed_max - listed_) {
      listed_ += found.size();
      return listed_matches(std::move(found), index_.slots(), rank_, {std::move(name), label_of(n)});
    }
    slot_set set(index_.slots().end());
    for (auto& f : found)
      set.insert(f.slot);
    return set_matches(std::move(set));
  }

  bool fields_asked() const { return ask_.fields != nullptr && !ask_.fields->empty(); }
  field_choice choice(const query_node& n) const {
    if (n.field.empty() && !fields_asked()) return {};
    std::vector<field_number> numbers;
    auto add = [&](const std::string& name) {
      if (auto f = index_.fields().find(name)) numbers.push_back(*f);
    };
    if (!n.field.empty())
      add(n.field);
    else
      for (auto& name : *ask_.fields)
        add(name);
    return field_choice(std::move(numbers));
  }
  std::string label_of(const query_node& n) const {
    if (!n.field.empty() || !fields_asked()) return n.field;
    std::string names;
    for (auto& name : *ask_.fields)
      names += (names.empty() ? "" : ",") + name;
    return names;
  }

  slot_set facts(const query_node& n) const {
    slot_set set(index_.slots().end());
    if (auto f = index_.fields().find(n.field)) index_.columns().matches(index_.slots(), *f, n, set);
    return set;
  }
  slot_set everything() const {
    slot_set set(index_.slots().end());
    for (std::size_t w = 0; w < set.words(); ++w)
      set.set_word(w, index_.slots().live_word(w));
    return set;
  }
  slot_set slots_within() const {
    slot_set set(index_.slots().end());
    ask_.within->each([&](doc_id d) {
      if (auto s = index_.slots().slot_of(d)) set.insert(*s);
    });
    return set;
  }

  const inverted_index& index_;
  const bm25& rank_;
  const text_ask& ask_;
  std::size_t listed_ = 0; ///< at most listed_max
};

} // namespace

cursor_ptr plan(const inverted_index& index, const bm25& rank, const text_ask& ask) {
  return planner(index, rank, ask).whole();
}

} // namespace troupe::search
