#pragma once

// The built-in English model behind the embedder interface.

#include "base/result.hpp"
#include "search/embedder.hpp"
#include "search/use_network.hpp"
#include "search/use_tokenizer.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace troupe::search {

/// How the cluster calls this model; vectors of another name are never mixed with its own.
inline constexpr std::string_view use_model_name = "use-lite-en@0.2.0";
/// Bytes of one passage; of usual text 128 pieces are about 500.
inline constexpr std::size_t use_passage_bytes_max = 8 * 1024;

/// What all instances share: vocabulary and weights. Immutable, any thread may read it.
struct use_model_data {
  use_tokenizer tokenizer;
  std::shared_ptr<const use_weights> weights;

  /// Maps the file that deploy/fetch-model wrote. Errors of model_file::open; errc::corrupt: another model.
  static result<std::shared_ptr<const use_model_data>> open(const std::string& path);
  /// The same of a model file that is in memory; it is copied.
  static result<std::shared_ptr<const use_model_data>> from_bytes(std::string_view bytes);
  static result<std::shared_ptr<const use_model_data>> make(std::shared_ptr<const model_file> file);
};

/// Universal Sentence Encoder lite: English sentences to 512 dimensions, of unit length. A text of at most
/// 128 pieces is embedded whole and exactly as by the reference implementation; a longer one in passages.
/// Each instance belongs to one thread at a time and takes about 3 MiB beside the shared data.
class use_model final : public embedder {
public:
  static result<std::unique_ptr<use_model>> make(const std::string& path);
  explicit use_model(std::shared_ptr<const use_model_data> data, kernel with = usable_kernels().back());

  std::uint32_t dimension() const override { return use_dimension; }
  /// As embedder says; errc::invalid_argument for a text of blanks only.
  result<embedded_text> embed(std::string_view text) override;

private:
  std::shared_ptr<const use_model_data> data_;
  use_network network_;
  use_tokenizer::scratch scratch_;
};

} // namespace troupe::search
