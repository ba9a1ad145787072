#include "base/blob.hpp"

#include <cstring>
#include <new>
#include <stdexcept>

namespace troupe {

blob::blob(std::string_view bytes) {
  if (bytes.empty()) return;
  if (bytes.size() > bytes_max) throw std::length_error("a blob holds at most 4 GiB");
  void* memory = ::operator new(sizeof(header) + bytes.size());
  head_ = ::new (memory) header{1, static_cast<std::uint32_t>(bytes.size())};
  std::memcpy(static_cast<char*>(memory) + sizeof(header), bytes.data(), bytes.size());
}

void blob::release() noexcept {
  if (!head_ || head_->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  head_->~header();
  ::operator delete(head_);
}

} // namespace troupe
