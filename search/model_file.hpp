#pragma once

// The file of the built-in model, as deploy/fetch-model writes it: vocabulary and tensors. docs/formats.md,
// "The built-in model", has it byte by byte.

#include "base/mapped_file.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::search {

enum class tensor_layout : std::uint32_t {
  rows = 0,   ///< row after row
  panels = 1, ///< panel_columns columns of all rows, row after row, then the next so many columns
};

inline constexpr std::uint32_t panel_columns = 16;
/// Of tensors, in the file and in memory: one cache line, and one register of AVX-512.
inline constexpr std::size_t tensor_alignment = 64;

/// A matrix of floats. Points into the model file.
struct tensor {
  std::string_view name;
  tensor_layout layout = tensor_layout::rows;
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;
  std::span<const float> values; ///< rows * columns, aligned to tensor_alignment
};

/// A piece of the vocabulary: its id is its place. Points into the model file.
struct model_piece {
  std::string_view text; ///< UTF-8
  double score = 0;      ///< logarithm of its probability
};

/// Longer files are refused unread.
inline constexpr std::size_t model_file_bytes_max = 1024 * 1024 * 1024;
inline constexpr std::uint32_t model_pieces_max = 100'000;
inline constexpr std::uint32_t model_piece_bytes_max = 64;
inline constexpr std::uint32_t model_tensors_max = 1'000;

/// An open model: immutable, so any thread may read. Its checksum, and every offset and size in it, hold.
class model_file {
public:
  /// Maps the file into memory. errc::not_found and errc::io_error as mapped_file::open, errc::corrupt for
  /// what is not a whole and undamaged model file, errc::too_large above a limit.
  static result<std::shared_ptr<const model_file>> open(const std::string& path);
  /// The same of bytes that the caller has; they are copied. `name` stands in errors.
  static result<std::shared_ptr<const model_file>> from_bytes(std::string_view bytes,
                                                              const std::string& name = "model");

  const std::vector<model_piece>& pieces() const { return pieces_; }
  /// So many first pieces are not text.
  std::uint32_t reserved_pieces() const { return reserved_pieces_; }
  const std::vector<tensor>& tensors() const { return tensors_; }
  /// The tensor of this name if it has this layout and shape; otherwise errc::corrupt, naming it.
  result<tensor> find(std::string_view name, tensor_layout layout, std::uint32_t rows,
                      std::uint32_t columns) const;
  /// Where it came from, for errors.
  const std::string& name() const { return name_; }

private:
  model_file() = default;

  result<void> parse(std::string_view bytes);
  result<void> parse_tensors(std::string_view bytes, std::size_t at, std::uint32_t count);
  result<void> parse_pieces(std::string_view bytes, std::size_t at, std::uint32_t count);
  error damaged(const std::string& what) const;

  struct freed {
    void operator()(char* memory) const;
  };

  std::string name_;
  mapped_file mapped_;
  std::unique_ptr<char, freed> copied_;
  std::uint32_t reserved_pieces_ = 0;
  std::vector<model_piece> pieces_;
  std::vector<tensor> tensors_;
};

} // namespace troupe::search
