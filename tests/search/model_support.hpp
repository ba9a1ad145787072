#pragma once

// The model as deploy/fetch-model writes it, and what the reference implementation makes of some texts.

#include "search/use_model.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

namespace troupe::search {

inline std::string environment(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? otherwise : value;
}

inline std::string source_path(const std::string& path) {
  return environment("TROUPE_SOURCE_DIR", ".") + "/" + path;
}

inline std::string model_path() {
  return environment("TROUPE_MODEL", source_path("build/model/use-lite-en.troupe-model"));
}

inline std::string file_content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
}

/// A test that cannot open the model fails and says what to run. One copy serves all tests of a program.
class with_model : public ::testing::Test {
protected:
  static void SetUpTestSuite() {
    auto opened = use_model_data::open(model_path());
    if (!opened)
      FAIL() << "these tests need the built-in model; run deploy/fetch-model once (" << opened.error().detail
             << ")";
    data_ = *opened;
  }
  static void TearDownTestSuite() { data_.reset(); }

  void SetUp() override { ASSERT_TRUE(data_) << "the model is missing, see above: run deploy/fetch-model"; }

  static inline std::shared_ptr<const use_model_data> data_;
};

struct reference_text {
  std::string text;
  std::vector<std::uint32_t> ids;
  std::vector<float> vector; ///< empty when there is nothing to embed
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::size_t network_step =
    5; ///< of the texts that go through the network, which is slow then
#else
inline constexpr std::size_t network_step = 1;
#endif

inline std::vector<reference_text> reference_texts() {
  std::vector<reference_text> texts;
  const auto content = boost::json::parse(file_content(source_path("tests/data/use_lite_reference.json")));
  for (const auto& item : content.as_array()) {
    const auto& members = item.as_object();
    reference_text t;
    t.text = members.at("text").as_string().c_str();
    for (const auto& id : members.at("token_ids").as_array())
      t.ids.push_back(id.to_number<std::uint32_t>());
    if (!members.at("embedding").is_null())
      for (const auto& value : members.at("embedding").as_array())
        t.vector.push_back(value.to_number<float>());
    texts.push_back(std::move(t));
  }
  return texts;
}

} // namespace troupe::search
