#include "search/block_file.hpp"

#include "base/checksum.hpp"

#include <algorithm>
#include <cstring>

namespace troupe::search {

namespace {

constexpr std::size_t head_bytes = 8 + 4;       // magic, version
constexpr std::size_t block_head_bytes = 4 + 4; // length, checksum

template <class T>
void append(std::string& out, T v) {
  out.append(reinterpret_cast<const char*>(&v), sizeof v);
}

/// Over the number of the block as well, so that blocks in another order are noticed.
std::uint32_t block_checksum(std::uint64_t number, std::string_view payload) {
  std::string head;
  append(head, number);
  return crc32c(payload, crc32c(head));
}

std::string folder_of(const std::string& path) {
  auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

} // namespace

block_writer::block_writer(file_system& disk, std::string path, block_file_kind kind)
    : disk_(disk), path_(std::move(path)) {
  auto out = disk_.open(path_ + ".tmp", open_mode::replace);
  if (!out) {
    state_ = out.error();
    return;
  }
  out_ = std::move(*out);
  std::string head{kind.magic.substr(0, 8)};
  append(head, kind.version);
  state_ = out_->write(0, head);
  offset_ = head.size();
}

void block_writer::bytes(const void* data, std::size_t size) {
  auto from = static_cast<const char*>(data);
  while (size != 0 && state_.has_value()) {
    auto part = std::min(size, block_bytes_max - pending_.size());
    pending_.append(from, part);
    from += part;
    size -= part;
    flush(block_bytes_max);
  }
}

/// Writes a block when at least `least` bytes have gathered.
void block_writer::flush(std::size_t least) {
  if (!state_.has_value() || pending_.size() < least) return;
  std::string block;
  block.reserve(block_head_bytes + pending_.size());
  append(block, static_cast<std::uint32_t>(pending_.size()));
  append(block, block_checksum(blocks_, pending_));
  block += pending_;
  state_ = out_->write(offset_, block);
  offset_ += block.size();
  ++blocks_;
  pending_.clear();
}

result<void> block_writer::finish() {
  flush(1);
  flush(0); // the empty block says that the file is whole
  if (state_.has_value()) state_ = out_->sync();
  out_.reset();
  if (state_.has_value()) state_ = disk_.rename(path_ + ".tmp", path_);
  if (state_.has_value()) return state_ = disk_.sync_folder(folder_of(path_));
  // The disk may be full, and others need the space. That the file cannot be removed either changes nothing.
  static_cast<void>(disk_.remove(path_ + ".tmp"));
  return state_;
}

block_reader::block_reader(std::unique_ptr<file> in, std::string path, std::uint64_t size)
    : in_(std::move(in)), path_(std::move(path)), size_(size), offset_(head_bytes) {}

result<block_reader> block_reader::open(file_system& disk, const std::string& path, block_file_kind kind) {
  auto in = disk.open(path, open_mode::read);
  if (!in) return in.error();
  auto size = (*in)->size();
  if (!size) return size.error();
  char head[head_bytes] = {};
  auto got = (*in)->read(0, head, sizeof head);
  if (!got) return got.error();
  if (*got != sizeof head) return error{errc::corrupt, path + ": offset 0: the file is too short"};
  std::uint32_t version = 0;
  std::memcpy(&version, head + kind.magic.size(), sizeof version);
  if (std::string_view{head, kind.magic.size()} != kind.magic)
    return error{errc::foreign, path + ": offset 0: not a file of this kind"};
  if (version != kind.version) return error{errc::foreign, path + ": written by another version"};
  return block_reader{std::move(*in), path, *size};
}

void block_reader::refuse(std::string_view why) {
  if (!state_.has_value()) return;
  state_ =
      error{errc::corrupt, path_ + ": before offset " + std::to_string(offset_) + ": " + std::string{why}};
}

bool block_reader::next_block() {
  block_.clear();
  taken_ = 0;
  char head[block_head_bytes] = {};
  auto got = in_->read(offset_, head, sizeof head);
  if (!got) {
    state_ = got.error();
    return false;
  }
  std::uint32_t length = 0;
  std::uint32_t stored = 0;
  std::memcpy(&length, head, sizeof length);
  std::memcpy(&stored, head + sizeof length, sizeof stored);
  if (*got != sizeof head || length > block_bytes_max || length > size_ - offset_ - sizeof head) {
    refuse("a block is cut off");
    return false;
  }
  block_.resize(length);
  got = in_->read(offset_ + sizeof head, block_.data(), length);
  if (!got) {
    state_ = got.error();
    block_.clear();
    return false;
  }
  if (*got != length || block_checksum(blocks_, block_) != stored) {
    block_.clear();
    refuse("a block's checksum is wrong");
    return false;
  }
  offset_ += sizeof head + length;
  ++blocks_;
  ended_ = length == 0;
  if (ended_ && offset_ != size_) refuse("something follows the last block");
  return !ended_ && state_.has_value();
}

void block_reader::bytes(void* data, std::size_t size) {
  auto to = static_cast<char*>(data);
  while (size != 0) {
    if (taken_ == block_.size() && (failed() || ended_ || !next_block())) {
      if (ended_) refuse("the content ends early");
      std::memset(to, 0, size);
      return;
    }
    auto part = std::min(size, block_.size() - taken_);
    std::memcpy(to, block_.data() + taken_, part);
    to += part;
    size -= part;
    taken_ += part;
  }
}

result<void> block_reader::finish() {
  if (!failed() && taken_ != block_.size()) refuse("there is more content than expected");
  if (!failed() && !ended_ && next_block()) refuse("there is more content than expected");
  return state_;
}

} // namespace troupe::search
