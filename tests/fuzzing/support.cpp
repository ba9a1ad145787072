// Promises that are broken, and memory that is counted.

#include "tests/fuzzing/target.hpp"

#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace {

// One thread runs the targets; others (of a library) are not counted. Frees of what was made outside of the
// watch make the count negative, which is right.
thread_local bool counting = false;
thread_local std::ptrdiff_t in_use = 0;
thread_local std::ptrdiff_t most_in_use = 0;

void* counted(void* p) {
  if (counting && p != nullptr) {
    in_use += static_cast<std::ptrdiff_t>(malloc_usable_size(p));
    most_in_use = std::max(most_in_use, in_use);
  }
  return p;
}
void* there(void* p) {
  if (p == nullptr) throw std::bad_alloc{};
  return p;
}

// Not inlined, or g++ 12 takes malloc and delete for a mismatched pair.
[[gnu::noinline]] void* allocate(std::size_t size) noexcept {
  return counted(std::malloc(size != 0 ? size : 1));
}
[[gnu::noinline]] void* allocate(std::size_t size, std::align_val_t alignment) noexcept {
  auto step = static_cast<std::size_t>(alignment);
  return counted(std::aligned_alloc(step, (std::max(size, step) + step - 1) / step * step));
}
[[gnu::noinline]] void release(void* p) noexcept {
  if (counting && p != nullptr) in_use -= static_cast<std::ptrdiff_t>(malloc_usable_size(p));
  std::free(p);
}

} // namespace

// Every form: the sanitizers bring their own of each that is missing, and those do not go together with
// these.
void* operator new(std::size_t size) {
  return there(allocate(size));
}
void* operator new[](std::size_t size) {
  return there(allocate(size));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return there(allocate(size, alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return there(allocate(size, alignment));
}
void operator delete(void* p) noexcept {
  release(p);
}
void operator delete[](void* p) noexcept {
  release(p);
}
void operator delete(void* p, std::size_t) noexcept {
  release(p);
}
void operator delete[](void* p, std::size_t) noexcept {
  release(p);
}
void operator delete(void* p, const std::nothrow_t&) noexcept {
  release(p);
}
void operator delete[](void* p, const std::nothrow_t&) noexcept {
  release(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
  release(p);
}
void operator delete[](void* p, std::align_val_t) noexcept {
  release(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  release(p);
}
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept {
  release(p);
}

namespace troupe::fuzzing {

void require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

memory_bound::memory_bound(std::size_t input_bytes, std::size_t base)
    : bound_(base + bytes_per_input_byte * input_bytes) {
  in_use = most_in_use = 0;
  counting = true;
}

memory_bound::~memory_bound() {
  counting = false;
  if (static_cast<std::size_t>(most_in_use) <= bound_) return;
  std::fprintf(stderr, "broken promise: %td bytes of memory where at most %zu are paid for\n", most_in_use,
               bound_);
  std::abort();
}

} // namespace troupe::fuzzing
