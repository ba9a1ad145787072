#include "search/vector_distance.hpp"

#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace troupe::search {

namespace {

// Four floats are one register on every processor that troupe is built for (SSE2, NEON).
using four = float __attribute__((vector_size(16)));

four load(const float* from) {
  four v;
  std::memcpy(&v, from, sizeof v);
  return v;
}

float sum(four v) {
  return (v[0] + v[1]) + (v[2] + v[3]);
}

float minus_dot_portable(const void* first, const void* second, const void* size) {
  auto a = static_cast<const float*>(first);
  auto b = static_cast<const float*>(second);
  auto n = *static_cast<const std::size_t*>(size);
  four s0{}, s1{}, s2{}, s3{};
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    s0 += load(a + i) * load(b + i);
    s1 += load(a + i + 4) * load(b + i + 4);
    s2 += load(a + i + 8) * load(b + i + 8);
    s3 += load(a + i + 12) * load(b + i + 12);
  }
  auto total = sum((s0 + s1) + (s2 + s3));
  for (; i < n; ++i)
    total += a[i] * b[i];
  return -total;
}

float square_portable(const void* first, const void* second, const void* size) {
  auto a = static_cast<const float*>(first);
  auto b = static_cast<const float*>(second);
  auto n = *static_cast<const std::size_t*>(size);
  four s0{}, s1{}, s2{}, s3{};
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    auto d0 = load(a + i) - load(b + i);
    auto d1 = load(a + i + 4) - load(b + i + 4);
    auto d2 = load(a + i + 8) - load(b + i + 8);
    auto d3 = load(a + i + 12) - load(b + i + 12);
    s0 += d0 * d0;
    s1 += d1 * d1;
    s2 += d2 * d2;
    s3 += d3 * d3;
  }
  auto total = sum((s0 + s1) + (s2 + s3));
  for (; i < n; ++i)
    total += (a[i] - b[i]) * (a[i] - b[i]);
  return total;
}

#if defined(__x86_64__)

__attribute__((target("avx2,fma"))) float sum_avx2(__m256 v) {
  float parts[8];
  _mm256_storeu_ps(parts, v);
  return ((parts[0] + parts[1]) + (parts[2] + parts[3])) + ((parts[4] + parts[5]) + (parts[6] + parts[7]));
}

__attribute__((target("avx2,fma"))) float minus_dot_avx2(const void* first, const void* second,
                                                         const void* size) {
  auto a = static_cast<const float*>(first);
  auto b = static_cast<const float*>(second);
  auto n = *static_cast<const std::size_t*>(size);
  auto s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
  std::size_t i = 0;
  for (; i + 32 <= n; i += 32) {
    s0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), s0);
    s1 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 8), _mm256_loadu_ps(b + i + 8), s1);
    s2 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 16), _mm256_loadu_ps(b + i + 16), s2);
    s3 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 24), _mm256_loadu_ps(b + i + 24), s3);
  }
  for (; i + 8 <= n; i += 8)
    s0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), s0);
  auto total = sum_avx2(_mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3)));
  for (; i < n; ++i)
    total += a[i] * b[i];
  return -total;
}

__attribute__((target("avx2,fma"))) __m256 square_step_avx2(const float* a, const float* b, __m256 s) {
  auto d = _mm256_sub_ps(_mm256_loadu_ps(a), _mm256_loadu_ps(b));
  return _mm256_fmadd_ps(d, d, s);
}

__attribute__((target("avx2,fma"))) float square_avx2(const void* first, const void* second,
                                                      const void* size) {
  auto a = static_cast<const float*>(first);
  auto b = static_cast<const float*>(second);
  auto n = *static_cast<const std::size_t*>(size);
  auto s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
  std::size_t i = 0;
  for (; i + 32 <= n; i += 32) {
    s0 = square_step_avx2(a + i, b + i, s0);
    s1 = square_step_avx2(a + i + 8, b + i + 8, s1);
    s2 = square_step_avx2(a + i + 16, b + i + 16, s2);
    s3 = square_step_avx2(a + i + 24, b + i + 24, s3);
  }
  for (; i + 8 <= n; i += 8)
    s0 = square_step_avx2(a + i, b + i, s0);
  auto total = sum_avx2(_mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3)));
  for (; i < n; ++i)
    total += (a[i] - b[i]) * (a[i] - b[i]);
  return total;
}

// Not _mm512_reduce_add_ps: g++ 12 warns inside it.
__attribute__((target("avx512f"))) float sum_avx512(__m512 v) {
  float parts[16];
  _mm512_storeu_ps(parts, v);
  auto total = 0.f;
  for (auto part : parts)
    total += part;
  return total;
}

/// The floats after the last whole register, as a mask of 16.
__attribute__((target("avx512f"))) __mmask16 rest_mask(std::size_t rest) {
  return static_cast<__mmask16>((1u << rest) - 1);
}

__attribute__((target("avx512f"))) float minus_dot_avx512(const void* first, const void* second,
                                                          const void* size) {
  auto a = static_cast<const float*>(first);
  auto b = static_cast<const float*>(second);
  auto n = *static_cast<const std::size_t*>(size);
  auto s0 = _mm512_setzero_ps(), s1 = s0;
  std::size_t i = 0;
  for (; i + 32 <= n; i += 32) {
    s0 = _mm512_fmadd_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i), s0);
    s1 = _mm512_fmadd_ps(_mm512_loadu_ps(a + i + 16), _mm512_loadu_ps(b + i + 16), s1);
  }
  for (; i + 16 <= n; i += 16)
    s0 = _mm512_fmadd_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i), s0);
  auto rest = rest_mask(n - i);
  s1 = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(rest, a + i), _mm512_maskz_loadu_ps(rest, b + i), s1);
  return -sum_avx512(_mm512_add_ps(s0, s1));
}

__attribute__((target("avx512f"))) float square_avx512(const void* first, const void* second,
                                                       const void* size) {
  auto a = static_cast<const float*>(first);
  auto b = static_cast<const float*>(second);
  auto n = *static_cast<const std::size_t*>(size);
  auto s0 = _mm512_setzero_ps(), s1 = s0;
  std::size_t i = 0;
  for (; i + 32 <= n; i += 32) {
    auto d0 = _mm512_sub_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i));
    auto d1 = _mm512_sub_ps(_mm512_loadu_ps(a + i + 16), _mm512_loadu_ps(b + i + 16));
    s0 = _mm512_fmadd_ps(d0, d0, s0);
    s1 = _mm512_fmadd_ps(d1, d1, s1);
  }
  for (; i + 16 <= n; i += 16) {
    auto d = _mm512_sub_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i));
    s0 = _mm512_fmadd_ps(d, d, s0);
  }
  auto rest = rest_mask(n - i);
  auto d = _mm512_sub_ps(_mm512_maskz_loadu_ps(rest, a + i), _mm512_maskz_loadu_ps(rest, b + i));
  s1 = _mm512_fmadd_ps(d, d, s1);
  return sum_avx512(_mm512_add_ps(s0, s1));
}

#endif

} // namespace

simd widest_simd() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return simd::avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return simd::avx2;
#endif
  return simd::portable;
}

distance_function distance_for(metric m, simd level) {
#if defined(__x86_64__)
  if (level == simd::avx512) return m == metric::l2 ? square_avx512 : minus_dot_avx512;
  if (level == simd::avx2) return m == metric::l2 ? square_avx2 : minus_dot_avx2;
#endif
  static_cast<void>(level);
  return m == metric::l2 ? square_portable : minus_dot_portable;
}

} // namespace troupe::search
