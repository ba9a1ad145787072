#include "search/model_file.hpp"

#include "base/checksum.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <new>

namespace troupe::search {

namespace {

static_assert(std::endian::native == std::endian::little, "the file is little-endian and used in place");

constexpr std::string_view magic = "TRPMODEL";
constexpr std::uint32_t format_version = 1;
constexpr std::size_t header_bytes = 64;
constexpr std::size_t checked_from = 16; // the checksum covers the bytes behind it
constexpr std::size_t tensor_entry_bytes = 64;
constexpr std::size_t tensor_name_bytes = 32;
constexpr std::size_t piece_entry_bytes = 16;

/// The caller has made sure that the bytes are there.
template <class T>
T number_at(std::string_view bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

/// Whether `size` bytes at `offset` lie within `total`, without overflow.
bool lies_within(std::uint64_t offset, std::uint64_t size, std::uint64_t total) {
  return offset <= total && size <= total - offset;
}

} // namespace

void model_file::freed::operator()(char* memory) const {
  ::operator delete[](memory, std::align_val_t{tensor_alignment});
}

error model_file::damaged(const std::string& what) const {
  return error{errc::corrupt, name_ + ": " + what + "; deploy/fetch-model makes it anew"};
}

result<std::shared_ptr<const model_file>> model_file::open(const std::string& path) {
  auto mapped = mapped_file::open(path);
  if (!mapped) return mapped.error();
  std::shared_ptr<model_file> made{new model_file};
  made->name_ = path;
  made->mapped_ = std::move(*mapped);
  if (auto parsed = made->parse(made->mapped_.bytes()); !parsed) return parsed.error();
  return std::shared_ptr<const model_file>{std::move(made)};
}

result<std::shared_ptr<const model_file>> model_file::from_bytes(std::string_view bytes,
                                                                 const std::string& name) {
  std::shared_ptr<model_file> made{new model_file};
  made->name_ = name;
  if (bytes.size() > model_file_bytes_max) return error{errc::too_large, name + ": larger than any model"};
  made->copied_.reset(new (std::align_val_t{tensor_alignment}) char[bytes.size() + 1]);
  if (!bytes.empty()) std::memcpy(made->copied_.get(), bytes.data(), bytes.size());
  if (auto parsed = made->parse({made->copied_.get(), bytes.size()}); !parsed) return parsed.error();
  return std::shared_ptr<const model_file>{std::move(made)};
}

result<void> model_file::parse(std::string_view bytes) {
  if (bytes.size() > model_file_bytes_max) return error{errc::too_large, name_ + ": larger than any model"};
  if (bytes.size() < header_bytes || bytes.substr(0, magic.size()) != magic)
    return damaged("not a model file");
  const auto version = number_at<std::uint32_t>(bytes, 8);
  if (version != format_version)
    return damaged("format version " + std::to_string(version) + " is not known, only " +
                   std::to_string(format_version));
  const auto size = number_at<std::uint64_t>(bytes, 16);
  if (size != bytes.size())
    return damaged("has " + std::to_string(bytes.size()) + " bytes and says " + std::to_string(size));
  if (crc32c(bytes.substr(checked_from)) != number_at<std::uint32_t>(bytes, 12))
    return damaged("the checksum does not hold");

  const auto pieces = number_at<std::uint32_t>(bytes, 24);
  reserved_pieces_ = number_at<std::uint32_t>(bytes, 28);
  const auto tensors = number_at<std::uint32_t>(bytes, 32);
  if (pieces > model_pieces_max || tensors > model_tensors_max || reserved_pieces_ == 0 ||
      reserved_pieces_ > pieces)
    return damaged("has impossible counts");
  const std::size_t tables = header_bytes + tensor_entry_bytes * tensors + piece_entry_bytes * pieces;
  if (tables > bytes.size()) return damaged("is too short for its tables");
  if (auto parsed = parse_tensors(bytes, header_bytes, tensors); !parsed) return parsed.error();
  return parse_pieces(bytes, header_bytes + tensor_entry_bytes * tensors, pieces);
}

result<void> model_file::parse_tensors(std::string_view bytes, std::size_t at, std::uint32_t count) {
  tensors_.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i, at += tensor_entry_bytes) {
    auto name = bytes.substr(at, tensor_name_bytes);
    name = name.substr(0, name.find('\0'));
    const auto layout = number_at<std::uint32_t>(bytes, at + 32);
    const auto rows = number_at<std::uint32_t>(bytes, at + 36);
    const auto columns = number_at<std::uint32_t>(bytes, at + 40);
    const auto offset = number_at<std::uint64_t>(bytes, at + 48);
    const auto size = number_at<std::uint64_t>(bytes, at + 56);
    // A product of two u32 cannot overflow; times four it could.
    const auto elements = std::uint64_t{rows} * columns;
    if (layout > static_cast<std::uint32_t>(tensor_layout::panels) || elements > model_file_bytes_max ||
        elements * sizeof(float) != size || offset % tensor_alignment != 0 ||
        !lies_within(offset, size, bytes.size()))
      return damaged("tensor " + std::to_string(i) + " lies outside of the file");
    if (layout == static_cast<std::uint32_t>(tensor_layout::panels) && columns % panel_columns != 0)
      return damaged("tensor " + std::to_string(i) + " has part of a panel");
    const auto* values = reinterpret_cast<const float*>(bytes.data() + offset);
    tensors_.push_back({name, static_cast<tensor_layout>(layout), rows, columns, {values, elements}});
  }
  return {};
}

result<void> model_file::parse_pieces(std::string_view bytes, std::size_t at, std::uint32_t count) {
  pieces_.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i, at += piece_entry_bytes) {
    const auto score = number_at<double>(bytes, at);
    const auto offset = number_at<std::uint32_t>(bytes, at + 8);
    const auto size = number_at<std::uint32_t>(bytes, at + 12);
    if (!std::isfinite(score) || size == 0 || size > model_piece_bytes_max ||
        !lies_within(offset, size, bytes.size()))
      return damaged("piece " + std::to_string(i) + " of the vocabulary is impossible");
    pieces_.push_back({bytes.substr(offset, size), score});
  }
  return {};
}

result<tensor> model_file::find(std::string_view name, tensor_layout layout, std::uint32_t rows,
                                std::uint32_t columns) const {
  for (const auto& t : tensors_)
    if (t.name == name) {
      if (t.layout != layout || t.rows != rows || t.columns != columns) break;
      return t;
    }
  return damaged("no tensor '" + std::string{name} + "' of " + std::to_string(rows) + " x " +
                 std::to_string(columns));
}

} // namespace troupe::search
