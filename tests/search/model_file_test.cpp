#include "model_support.hpp"

#include "base/checksum.hpp"

#include <cstring>
#include <limits>

namespace troupe::search {
namespace {

template <class T>
void put(std::string& bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

/// A small model file: one tensor in each layout and three pieces. seal() makes its size and checksum right
/// again.
struct small_file {
  static constexpr std::size_t tensor_table = 64;
  static constexpr std::size_t piece_table = tensor_table + 2 * 64;
  static constexpr std::size_t piece_text = piece_table + 3 * 16;

  std::string bytes = std::string(512, '\0');

  small_file() {
    bytes.replace(0, 8, "TRPMODEL");
    put<std::uint32_t>(bytes, 8, 1);
    put<std::uint32_t>(bytes, 24, 3);
    put<std::uint32_t>(bytes, 28, 1);
    put<std::uint32_t>(bytes, 32, 2);
    put_tensor(0, "plain", 0, 2, 8, 256);
    put_tensor(1, "panels", 1, 2, 16, 320);
    bytes.replace(piece_text, 4, "?abc");
    put_piece(0, 0, piece_text, 1);
    put_piece(1, -1.5, piece_text + 1, 2);
    put_piece(2, -2.5, piece_text + 3, 1);
    for (std::size_t i = 0; i < 16; ++i)
      put<float>(bytes, 256 + 4 * i, static_cast<float>(i));
    seal();
  }

  void put_tensor(std::size_t i, const std::string& name, std::uint32_t layout, std::uint32_t rows,
                  std::uint32_t columns, std::uint64_t offset) {
    const auto at = tensor_table + 64 * i;
    bytes.replace(at, name.size(), name);
    put(bytes, at + 32, layout);
    put(bytes, at + 36, rows);
    put(bytes, at + 40, columns);
    put(bytes, at + 48, offset);
    put(bytes, at + 56, std::uint64_t{4} * rows * columns);
  }

  void put_piece(std::size_t i, double score, std::size_t offset, std::uint32_t size) {
    put(bytes, piece_table + 16 * i, score);
    put(bytes, piece_table + 16 * i + 8, static_cast<std::uint32_t>(offset));
    put(bytes, piece_table + 16 * i + 12, size);
  }

  void seal() {
    if (bytes.size() >= 24) put<std::uint64_t>(bytes, 16, bytes.size());
    if (bytes.size() >= 16) put<std::uint32_t>(bytes, 12, crc32c(std::string_view{bytes}.substr(16)));
  }
};

errc refusal_of(const std::string& bytes) {
  const auto opened = model_file::from_bytes(bytes);
  EXPECT_FALSE(opened);
  return opened ? errc::invalid_argument : opened.error().code;
}

TEST(model_file_test, gives_what_is_in_it) {
  const auto opened = model_file::from_bytes(small_file{}.bytes);
  ASSERT_TRUE(opened) << opened.error().detail;
  const auto& file = **opened;
  ASSERT_EQ(file.pieces().size(), 3U);
  EXPECT_EQ(file.pieces()[1].text, "ab");
  EXPECT_EQ(file.pieces()[1].score, -1.5);
  EXPECT_EQ(file.reserved_pieces(), 1U);
  const auto plain = file.find("plain", tensor_layout::rows, 2, 8);
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->values[15], 15.0F);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(plain->values.data()) % tensor_alignment, 0U);
  EXPECT_TRUE(file.find("panels", tensor_layout::panels, 2, 16));
  EXPECT_EQ(file.find("plain", tensor_layout::rows, 8, 2).error().code, errc::corrupt);
  EXPECT_EQ(file.find("plain", tensor_layout::panels, 2, 8).error().code, errc::corrupt);
  EXPECT_EQ(file.find("other", tensor_layout::rows, 2, 8).error().code, errc::corrupt);
}

TEST(model_file_test, another_model_is_refused) {
  EXPECT_EQ(use_model_data::from_bytes(small_file{}.bytes).error().code, errc::corrupt);
}

TEST(model_file_test, any_flipped_bit_is_noticed) {
  const small_file whole;
  for (std::size_t i = 0; i < whole.bytes.size(); ++i)
    for (const char bit : {1, 16, -128}) {
      auto damaged = whole.bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ bit);
      ASSERT_EQ(refusal_of(damaged), errc::corrupt) << i;
    }
}

TEST(model_file_test, any_cut_is_noticed) {
  const small_file whole;
  for (std::size_t size = 0; size < whole.bytes.size(); ++size) {
    ASSERT_EQ(refusal_of(whole.bytes.substr(0, size)), errc::corrupt) << size;
    // Sealed anew it may be a good file as long as only filling is missing.
    auto cut = whole;
    cut.bytes.resize(size);
    cut.seal();
    if (size < 448) {
      ASSERT_EQ(refusal_of(cut.bytes), errc::corrupt) << size;
    }
  }
  ASSERT_EQ(refusal_of(whole.bytes + "x"), errc::corrupt);
}

/// Numbers that lie although the checksum holds.
TEST(model_file_test, trusts_no_number) {
  const auto with = [](auto change) {
    small_file f;
    change(f);
    f.seal();
    return f.bytes;
  };
  constexpr auto tensor = small_file::tensor_table;
  constexpr auto piece = small_file::piece_table;
  const auto u32 = [&](std::size_t offset, std::uint32_t value) {
    return refusal_of(with([&](auto& f) { put(f.bytes, offset, value); }));
  };
  const auto u64 = [&](std::size_t offset, std::uint64_t value) {
    return refusal_of(with([&](auto& f) { put(f.bytes, offset, value); }));
  };
  for (const std::uint32_t many : {4U, 100U, 0x10000000U, UINT32_MAX}) {
    EXPECT_EQ(u32(24, many), errc::corrupt);
    EXPECT_EQ(u32(28, many), errc::corrupt);
    EXPECT_EQ(u32(32, many), errc::corrupt);
    EXPECT_EQ(u32(tensor + 32, many), errc::corrupt);
    EXPECT_EQ(u32(tensor + 36, many), errc::corrupt);
    EXPECT_EQ(u32(tensor + 40, many), errc::corrupt);
    EXPECT_EQ(u32(piece + 12, many + 300), errc::corrupt);
  }
  EXPECT_EQ(u32(28, 0), errc::corrupt);
  EXPECT_EQ(u32(piece + 12, 0), errc::corrupt);
  EXPECT_EQ(u32(piece + 8, UINT32_MAX), errc::corrupt);
  EXPECT_EQ(u32(piece + 8, 512), errc::corrupt);
  for (const std::uint64_t far :
       {std::uint64_t{1}, std::uint64_t{260}, std::uint64_t{512}, UINT64_MAX, UINT64_MAX - 63})
    EXPECT_EQ(u64(tensor + 48, far), errc::corrupt);
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{63}, UINT64_MAX})
    EXPECT_EQ(u64(tensor + 56, size), errc::corrupt);
  EXPECT_EQ(refusal_of(with([](auto& f) { f.put_tensor(1, "panels", 1, 2, 8, 320); })), errc::corrupt);
  for (const double score :
       {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()})
    EXPECT_EQ(refusal_of(with([&](auto& f) { put(f.bytes, piece, score); })), errc::corrupt);
}

TEST(model_file_test, a_piece_that_is_not_text_is_refused) {
  small_file f;
  f.bytes[small_file::piece_text + 1] = '\xFF';
  f.seal();
  const auto opened = model_file::from_bytes(f.bytes);
  ASSERT_TRUE(opened);
  EXPECT_EQ(use_tokenizer::make(**opened).error().code, errc::corrupt);
}

TEST(model_file_test, random_damage_with_a_right_checksum_is_survived) {
  const std::string seed_text = environment("TROUPE_SEED", "4711");
  std::uint64_t state = std::strtoull(seed_text.c_str(), nullptr, 10);
  SCOPED_TRACE("TROUPE_SEED=" + seed_text);
  const auto next = [&](std::uint64_t below) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state >> 33) % below;
  };
  for (int round = 0; round < 5'000; ++round) {
    small_file f;
    for (auto changes = 1 + next(4); changes > 0; --changes)
      f.bytes[8 + next(small_file::piece_text)] = static_cast<char>(next(256));
    f.seal();
    const auto opened = model_file::from_bytes(f.bytes);
    if (!opened) continue;
    const auto tokenizer = use_tokenizer::make(**opened);
    use_tokenizer::scratch scratch;
    if (tokenizer) tokenizer->encode("abc cab?", scratch);
    for (const auto& t : (*opened)->tensors())
      if (!t.values.empty()) static_cast<void>(t.values.front() + t.values.back());
  }
}

TEST(model_file_test, says_which_file_is_missing) {
  const auto opened = model_file::open("no/such/file");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, errc::not_found);
  EXPECT_NE(opened.error().detail.find("no/such/file"), std::string::npos);
  EXPECT_EQ(model_file::open("/").error().code, errc::io_error);
  EXPECT_EQ(model_file::open("/dev/null").error().code, errc::io_error);
}

using real_model_file_test = with_model;

TEST_F(real_model_file_test, is_refused_when_damaged) {
  const auto whole = file_content(model_path());
  ASSERT_TRUE(use_model_data::from_bytes(whole));
  for (const std::size_t at : {std::size_t{100}, whole.size() - 1}) {
    auto damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    EXPECT_EQ(refusal_of(damaged), errc::corrupt) << at;
  }
  EXPECT_EQ(refusal_of(whole.substr(0, whole.size() - 64)), errc::corrupt);
}

} // namespace
} // namespace troupe::search
