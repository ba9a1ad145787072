#pragma once

// Our own Boost.Serialization archives: little-endian, without type information or tracking, bounded on
// hostile input.
//
// The stock binary archive is neither portable nor safe to feed bytes from a stranger, so these two classes
// model the Boost archive concept and leave the traversal of a type to its `serialize` function. The encoding
// of each kind of value is fixed and described in docs/formats.md:
//   bool, enums, integers   fixed width of the type, little-endian (bool: one byte, 0 or 1; enums as their
//   underlying type) string, blob            u32 length, bytes vector<T>               u32 count, elements
//   optional<T>             u8 0 or 1, then the value
//   variant<Ts...>          u8 alternative, then the value
//   pair, class types       their members in order

#include "base/blob.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"

#include <boost/mpl/bool.hpp>
#include <boost/serialization/nvp.hpp>
#include <boost/serialization/serialization.hpp>

#include <bit>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace troupe {

static_assert(std::endian::native == std::endian::little, "the archives copy integers as they are");

/// Raised inside an input archive on bytes that no output archive writes; decode() turns it into
/// errc::corrupt.
struct archive_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Appends values to a string.
class output_archive {
public:
  using is_saving = boost::mpl::bool_<true>;
  using is_loading = boost::mpl::bool_<false>;

  explicit output_archive(std::string& out) : out_(out) {}

  unsigned get_library_version() const { return 0; }
  template <class T>
  const void* register_type(const T* = nullptr) {
    return nullptr;
  }
  void save_binary(const void* data, std::size_t size) { out_.append(static_cast<const char*>(data), size); }

  template <class T>
  output_archive& operator<<(const T& value) {
    write(value);
    return *this;
  }
  template <class T>
  output_archive& operator&(const T& value) {
    return *this << value;
  }

private:
  template <class T>
  void write(const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      write(static_cast<std::uint8_t>(value));
    } else if constexpr (std::is_enum_v<T>) {
      write(static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (std::is_arithmetic_v<T>) {
      save_binary(&value, sizeof value);
    } else {
      boost::serialization::serialize_adl(*this, const_cast<T&>(value), 0u);
    }
  }
  void write_bytes(std::string_view bytes) {
    write_count(bytes.size());
    save_binary(bytes.data(), bytes.size());
  }
  void write_count(std::size_t count) {
    if (count > UINT32_MAX) throw std::length_error("archive: more than 2^32 elements");
    write(static_cast<std::uint32_t>(count));
  }
  void write(const std::string& value) { write_bytes(value); }
  void write(const blob& value) { write_bytes(value.view()); }
  template <class T>
  void write(const boost::serialization::nvp<T>& value) {
    write(value.const_value());
  }
  template <class A, class B>
  void write(const std::pair<A, B>& value) {
    write(value.first);
    write(value.second);
  }
  template <class T>
  void write(const std::vector<T>& values) {
    write_count(values.size());
    for (auto& value : values)
      write(static_cast<const T&>(value));
  }
  template <class T>
  void write(const std::optional<T>& value) {
    write(value.has_value());
    if (value) write(*value);
  }
  template <class... Ts>
  void write(const std::variant<Ts...>& value) {
    write(static_cast<std::uint8_t>(value.index()));
    std::visit([this](auto& v) { write(v); }, value);
  }

  std::string& out_;
};

/// Takes values from bytes. Never reads past them, and never allocates more than a small multiple of what is
/// left.
class input_archive {
public:
  using is_saving = boost::mpl::bool_<false>;
  using is_loading = boost::mpl::bool_<true>;

  explicit input_archive(std::string_view in) : in_(in) {}

  unsigned get_library_version() const { return 0; }
  template <class T>
  const void* register_type(const T* = nullptr) {
    return nullptr;
  }
  void load_binary(void* data, std::size_t size) {
    auto bytes = take(size);
    if (size != 0) std::memcpy(data, bytes.data(), size);
  }
  std::size_t remaining() const { return in_.size(); }

  template <class T>
  input_archive& operator>>(T& value) {
    read(value);
    return *this;
  }
  template <class T>
  input_archive& operator>>(const T& wrapper) {
    read(const_cast<T&>(wrapper));
    return *this;
  }
  template <class T>
  input_archive& operator&(T& value) {
    return *this >> value;
  }
  template <class T>
  input_archive& operator&(const T& wrapper) {
    return *this >> wrapper;
  }

private:
  std::string_view take(std::size_t size) {
    if (size > in_.size()) throw archive_error("truncated");
    auto bytes = in_.substr(0, size);
    in_.remove_prefix(size);
    return bytes;
  }
  template <class T>
  T number() {
    T value;
    load_binary(&value, sizeof value);
    return value;
  }
  /// Every element takes at least one byte, so a count above what is left is a lie, found before anything is
  /// allocated.
  std::size_t read_count() {
    auto count = number<std::uint32_t>();
    if (count > in_.size()) throw archive_error("count exceeds the input");
    return count;
  }

  template <class T>
  void read(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      auto byte = number<std::uint8_t>();
      if (byte > 1) throw archive_error("not a bool");
      value = byte == 1;
    } else if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(number<std::underlying_type_t<T>>());
      if (!is_valid(value)) throw archive_error("enum out of range");
    } else if constexpr (std::is_arithmetic_v<T>) {
      value = number<T>();
    } else {
      boost::serialization::serialize_adl(*this, value, 0u);
    }
  }
  void read(std::string& value) { value = take(number<std::uint32_t>()); }
  void read(blob& value) { value = blob{take(number<std::uint32_t>())}; }
  template <class T>
  void read(boost::serialization::nvp<T>& value) {
    read(value.value());
  }
  template <class A, class B>
  void read(std::pair<A, B>& value) {
    read(value.first);
    read(value.second);
  }
  template <class T>
  void read(std::vector<T>& values) {
    auto count = read_count();
    values.clear();
    // Grown as elements really arrive: reserving count * sizeof(T) would let a hostile length amplify the
    // input.
    for (std::size_t i = 0; i < count; ++i) {
      if constexpr (std::is_same_v<T, bool>) {
        bool value{};
        read(value);
        values.push_back(value);
      } else {
        read(values.emplace_back());
      }
    }
  }
  template <class T>
  void read(std::optional<T>& value) {
    bool present{};
    read(present);
    if (present)
      read(value.emplace());
    else
      value.reset();
  }
  template <class... Ts>
  void read(std::variant<Ts...>& value) {
    auto alternative = number<std::uint8_t>();
    if (alternative >= sizeof...(Ts)) throw archive_error("variant out of range");
    read_alternative(value, alternative, std::index_sequence_for<Ts...>{});
  }
  template <class Variant, std::size_t... Is>
  void read_alternative(Variant& value, std::size_t alternative, std::index_sequence<Is...>) {
    ((alternative == Is ? read(value.template emplace<Is>()) : void()), ...);
  }

  std::string_view in_;
};

/// Encodes one value, appended to `out`.
template <class T>
void encode_to(std::string& out, const T& value) {
  output_archive archive{out};
  archive << value;
}

template <class T>
std::string encode(const T& value) {
  std::string out;
  encode_to(out, value);
  return out;
}

/// Decodes exactly one value from all of `bytes`; anything left over is corruption too. `what` names it in
/// the error.
template <class T>
result<T> decode(std::string_view bytes, std::string_view what) {
  try {
    T value{};
    input_archive archive{bytes};
    archive >> value;
    if (archive.remaining() != 0) throw archive_error("trailing bytes");
    return value;
  } catch (const archive_error& e) {
    return error{errc::corrupt, std::string(what) + ": " + e.what()};
  }
}

/// Enums that travel must say which values exist: overload is_valid(E) beside the enum, found by
/// argument-dependent lookup.

// The types of base/ids.hpp.
template <class Archive, class Tag>
void serialize(Archive& ar, strong_u64<Tag>& v, unsigned) {
  ar& v.value;
}
template <class Archive, class Tag>
void serialize(Archive& ar, strong_u128<Tag>& v, unsigned) {
  ar& v.high;
  ar& v.low;
}
template <class Archive>
void serialize(Archive& ar, node_id& v, unsigned) {
  ar& v.name;
  if constexpr (Archive::is_loading::value)
    if (v.name.size() > node_id::bytes_max) throw archive_error("node id too long");
}

} // namespace troupe
