#pragma once

// The network of Universal Sentence Encoder lite (Cer et al., "Universal Sentence Encoder", 2018; the
// transformer of Vaswani et al., "Attention Is All You Need", 2017, with layer norm before each part): ids of
// pieces -> one vector.

#include "base/result.hpp"
#include "search/model_file.hpp"
#include "search/use_kernels.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace troupe::search {

/// Of the vectors.
inline constexpr std::uint32_t use_dimension = 512;
/// Pieces of one passage; the network sees no more.
inline constexpr std::uint32_t use_pieces_max = 128;

/// The model's matrices. Immutable and shared by all networks; holds the file.
class use_weights {
public:
  /// errc::corrupt: the file lacks a tensor, or it has another shape.
  static result<std::shared_ptr<const use_weights>> make(std::shared_ptr<const model_file> file);

  const model_file& file() const { return *file_; }

private:
  friend class use_network;

  struct dense {
    tensor weights; ///< in panels
    tensor bias;
  };
  struct norm {
    tensor scale;
    tensor bias;
  };
  struct block {
    std::uint32_t width = 0; ///< of what attention sees; what it gives is use_dimension wide
    norm before_attention;
    dense qkv; ///< queries, keys and values side by side
    dense out;
    norm before_ffn;
    dense ffn1;
    dense ffn2;
  };

  use_weights() = default;
  result<void> find_all();

  std::shared_ptr<const model_file> file_;
  tensor embeddings_;
  dense residual_;
  std::array<block, 2> blocks_;
  dense last_;
  std::vector<float>
      timing_; ///< use_pieces_max rows: what is added to the embedding of a piece at that place
};

/// Runs the network, with about 3 MiB of working memory. Used by one thread at a time; any number may share
/// weights.
class use_network {
public:
  /// `with` from usable_kernels(); by default the fastest.
  explicit use_network(std::shared_ptr<const use_weights> weights, kernel with = usable_kernels().back());
  ~use_network();
  use_network(use_network&&) noexcept;
  use_network& operator=(use_network&&) noexcept;

  /// Writes the text's vector, of unit length, from the first use_pieces_max of its pieces. The same pieces
  /// give the same bits with the same kernel. errc::invalid_argument: no pieces, or an id that the model does
  /// not have; errc::io_error: the vector is not finite, which no honest weights give.
  result<void> embed(std::span<const std::uint32_t> pieces, std::span<float, use_dimension> vector);

private:
  struct workspace;

  void read_embeddings(std::span<const std::uint32_t> pieces);
  void attend(const use_weights::block& b, std::size_t rows);
  void feed_forward(const use_weights::block& b, std::size_t rows);
  void multiply(const float* a, std::size_t a_stride, std::size_t rows, const use_weights::dense& d, float* c,
                bool add) const;

  std::shared_ptr<const use_weights> weights_;
  kernel kernel_;
  std::unique_ptr<workspace> space_;
};

} // namespace troupe::search
