#include "search/use_model.hpp"

#include "search/passages.hpp"

namespace troupe::search {

result<std::shared_ptr<const use_model_data>> use_model_data::make(std::shared_ptr<const model_file> file) {
  auto tokenizer = use_tokenizer::make(*file);
  if (!tokenizer) return tokenizer.error();
  auto weights = use_weights::make(std::move(file));
  if (!weights) return weights.error();
  return std::make_shared<const use_model_data>(use_model_data{std::move(*tokenizer), std::move(*weights)});
}

result<std::shared_ptr<const use_model_data>> use_model_data::open(const std::string& path) {
  auto file = model_file::open(path);
  if (!file) return file.error();
  return make(std::move(*file));
}

result<std::shared_ptr<const use_model_data>> use_model_data::from_bytes(std::string_view bytes) {
  auto file = model_file::from_bytes(bytes);
  if (!file) return file.error();
  return make(std::move(*file));
}

result<std::unique_ptr<use_model>> use_model::make(const std::string& path) {
  auto data = use_model_data::open(path);
  if (!data) return data.error();
  return std::make_unique<use_model>(std::move(*data));
}

use_model::use_model(std::shared_ptr<const use_model_data> data, kernel with)
    : data_(std::move(data)), network_(data_->weights, with) {}

result<embedded_text> use_model::embed(std::string_view text) {
  const auto pieces_of = [&](std::string_view part) { return data_->tokenizer.encode(part, scratch_); };
  const passage_limits limits{.size_max = use_pieces_max, .bytes_max = use_passage_bytes_max};
  embedded_text made;
  made.passages = split_passages(text, limits, [&](std::string_view part) { return pieces_of(part).size(); });
  if (made.passages.empty()) return error{errc::invalid_argument, "the text has no words to embed"};
  made.vectors.resize(made.passages.size() * use_dimension);
  for (std::size_t i = 0; i < made.passages.size(); ++i) {
    const auto [begin, end] = made.passages[i];
    const std::span vector{made.vectors.data() + i * use_dimension, use_dimension};
    auto done = network_.embed(pieces_of(text.substr(begin, end - begin)), vector.first<use_dimension>());
    if (!done) return done.error();
  }
  return made;
}

} // namespace troupe::search
