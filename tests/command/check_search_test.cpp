#include "command/check_search.hpp"

#include "command/limits.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace troupe {
namespace {

search_request asking(search_mode mode, std::string q, std::vector<float> vector = {}) {
  search_request r;
  r.mode = mode;
  r.query = std::move(q);
  r.vector = std::move(vector);
  return r;
}

/// The part at fault; empty: none.
std::string fault(const search_request& r) {
  auto wrong = check_search(r);
  if (!wrong) return {};
  EXPECT_EQ(wrong->code, search_outcome::bad_request);
  EXPECT_FALSE(wrong->part.empty() || wrong->detail.empty());
  return wrong->part;
}

template <class Change>
std::string fault_of_changed(Change change) {
  auto r = asking(search_mode::hybrid, "words");
  change(r);
  return fault(r);
}

TEST(check_search, knows_what_each_mode_needs) {
  EXPECT_EQ(fault(asking(search_mode::text, "words")), "");
  EXPECT_EQ(fault(asking(search_mode::text, "")), "q");
  EXPECT_EQ(fault(asking(search_mode::text, "words", {1})), "vector");
  EXPECT_EQ(fault(asking(search_mode::semantic, "words")), "");
  EXPECT_EQ(fault(asking(search_mode::semantic, "", {1})), "");
  EXPECT_EQ(fault(asking(search_mode::semantic, "")), "q");
  EXPECT_EQ(fault(asking(search_mode::hybrid, "words", {1})), "");
  EXPECT_EQ(fault(asking(search_mode::hybrid, "", {1})), "q");
}

TEST(check_search, holds_every_part_against_its_limit) {
  using namespace limits;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(fault_of_changed([](auto& r) { r.limit = 0; }), "limit");
  EXPECT_EQ(fault_of_changed([](auto& r) { r.limit = search_limit_max; }), "");
  EXPECT_EQ(fault_of_changed([](auto& r) { r.limit = search_limit_max + 1; }), "limit");
  EXPECT_EQ(fault_of_changed([](auto& r) { r.offset = search_results_max - r.limit; }), "");
  EXPECT_EQ(fault_of_changed([](auto& r) { r.offset = search_results_max - r.limit + 1; }), "offset");
  EXPECT_EQ(fault_of_changed([](auto& r) { r.offset = UINT32_MAX; }), "offset");
  EXPECT_EQ(fault_of_changed([](auto& r) { r.query.assign(search_query_bytes_max, 'q'); }), "");
  EXPECT_EQ(fault_of_changed([](auto& r) { r.query.assign(search_query_bytes_max + 1, 'q'); }), "q");
  EXPECT_EQ(fault_of_changed([](auto& r) { r.filter.assign(search_query_bytes_max + 1, 'q'); }), "filter");
  EXPECT_EQ(fault_of_changed([](auto& r) { r.prefix.assign(key_bytes_max + 1, 'q'); }), "prefix");
  EXPECT_EQ(fault_of_changed([](auto& r) { r.vector.resize(vector_dimension_max); }), "");
  EXPECT_EQ(fault_of_changed([](auto& r) { r.vector.resize(vector_dimension_max + 1); }), "vector");
  EXPECT_EQ(fault_of_changed([](auto& r) { r.vector = {std::numeric_limits<float>::infinity()}; }), "vector");
  EXPECT_EQ(fault_of_changed([](auto& r) { r.text_weight = -1; }), "text_weight");
  EXPECT_EQ(fault_of_changed([&](auto& r) { r.text_weight = nan; }), "text_weight");
  EXPECT_EQ(fault_of_changed([&](auto& r) { r.vector_weight = nan; }), "vector_weight");
  EXPECT_EQ(fault_of_changed([](auto& r) { r.text_weight = 0; }), "");
  EXPECT_EQ(fault_of_changed([](auto& r) { r.text_weight = r.vector_weight = 0; }), "text_weight");
  EXPECT_EQ(fault_of_changed([](auto& r) { r.fields.assign(search_fields_max, "f"); }), "");
  EXPECT_EQ(fault_of_changed([](auto& r) { r.fields.assign(search_fields_max + 1, "f"); }), "fields");
  EXPECT_EQ(fault_of_changed([](auto& r) { r.fields = {""}; }), "fields");
  EXPECT_EQ(fault_of_changed([](auto& r) { r.facets.assign(search_facets_max, {"f", 1}); }), "");
  EXPECT_EQ(fault_of_changed([](auto& r) { r.facets.assign(search_facets_max + 1, {"f", 1}); }), "facets");
  EXPECT_EQ(fault_of_changed([](auto& r) { r.facets = {{"f", 0}}; }), "facets");
  EXPECT_EQ(fault_of_changed([](auto& r) { r.facets = {{"f", facet_values_max + 1}}; }), "facets");
  EXPECT_EQ(fault_of_changed([](auto& r) { r.facets = {{"", 1}}; }), "facets");
  EXPECT_EQ(fault_of_changed([](auto& r) { r.cursor.assign(search_query_bytes_max + 1, 'c'); }), "cursor");
}

TEST(check_search, points_at_what_is_too_long) {
  auto wrong = check_search(asking(search_mode::text, std::string(limits::search_query_bytes_max + 5, 'q')));
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->begin, limits::search_query_bytes_max);
  EXPECT_EQ(wrong->end, limits::search_query_bytes_max + 5);
}

TEST(check_search, with_a_cursor_looks_at_the_limit_only) {
  auto r = asking(search_mode::text, "", {1});
  r.offset = UINT32_MAX;
  r.cursor = "c";
  EXPECT_EQ(fault(r), "");
  r.limit = 0;
  EXPECT_EQ(fault(r), "limit");
}

} // namespace
} // namespace troupe
