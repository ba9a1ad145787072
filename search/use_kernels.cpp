#include "search/use_kernels.hpp"

#include "search/model_file.hpp"

#include <array>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace troupe::search {

namespace {

// Each kernel computes a tile of c at a time in registers: a few rows and one or two panels wide. The panels
// of b are the large part of the memory that is read; each is read once from afar and again from the nearest
// cache for the next rows. This is the inner part of Goto and van de Geijn, "Anatomy of High-Performance
// Matrix Multiplication" (ACM TOMS 34:3, 2008), section 4; the outer blocking is not needed, for there are at
// most 128 rows.

constexpr std::size_t panel = panel_columns;

/// Calls tile(first row, rows) for as few tiles of at most `tile_rows` as cover the rows, of sizes as equal
/// as can be.
template <class Tile>
void for_row_tiles(std::size_t rows, std::size_t tile_rows, const Tile& tile) {
  for (std::size_t done = 0; done < rows;) {
    const std::size_t left = rows - done;
    const std::size_t tiles = (left + tile_rows - 1) / tile_rows;
    const std::size_t now = (left + tiles - 1) / tiles;
    tile(done, now);
    done += now;
  }
}

/// What a tile needs, with the pointers moved to where it begins.
struct tile_place {
  const float* a;
  const float* panels;
  const float* bias;
  float* c;
};

tile_place place_of(const product& p, std::size_t row, std::size_t column) {
  return {p.a + row * p.a_stride, p.panels + column * p.depth, p.bias == nullptr ? nullptr : p.bias + column,
          p.c + row * p.c_stride + column};
}

// Portable: the compiler's vectors of four floats, which every 64-bit processor has in some form.

using float4 = float __attribute__((vector_size(16), aligned(4), may_alias));
constexpr std::size_t portable_rows = 3;

template <std::size_t Rows>
void tile_portable(const product& p, const tile_place& at) {
  float4 sum[Rows][4] = {};
  for (std::size_t k = 0; k < p.depth; ++k) {
    const auto* b = reinterpret_cast<const float4*>(at.panels + k * panel);
#pragma GCC unroll 3
    for (std::size_t r = 0; r < Rows; ++r) {
      const float a = at.a[r * p.a_stride + k];
#pragma GCC unroll 4
      for (std::size_t i = 0; i < 4; ++i)
        sum[r][i] += a * b[i];
    }
  }
  for (std::size_t r = 0; r < Rows; ++r)
    for (std::size_t i = 0; i < 4; ++i) {
      auto* c = reinterpret_cast<float4*>(at.c + r * p.c_stride + 4 * i);
      float4 total = sum[r][i];
      if (at.bias != nullptr) total += *reinterpret_cast<const float4*>(at.bias + 4 * i);
      *c = p.add ? *c + total : total;
    }
}

void multiply_portable(const product& p) {
  static constexpr std::array tiles = {tile_portable<1>, tile_portable<2>, tile_portable<3>};
  static_assert(tiles.size() == portable_rows);
  for (std::size_t column = 0; column < p.columns; column += panel)
    for_row_tiles(p.rows, portable_rows,
                  [&](std::size_t row, std::size_t rows) { tiles[rows - 1](p, place_of(p, row, column)); });
}

#if defined(__x86_64__)

// The kernels ask for the line of a panel that they will need in a while, because the processor's own
// prefetching stops at each page. The address may lie behind the matrix; nothing happens then.
constexpr std::size_t ahead_bytes = 2048;
constexpr std::size_t avx2_rows = 6; // 12 sums, 2 of b and 1 of a: 15 of the 16 registers

template <std::size_t Rows>
__attribute__((target("avx2,fma"))) void tile_avx2(const product& p, const tile_place& at) {
  __m256 sum[Rows][2];
#pragma GCC unroll 6
  for (std::size_t r = 0; r < Rows; ++r)
    sum[r][0] = sum[r][1] = _mm256_setzero_ps();
  const float* b = at.panels;
  for (std::size_t k = 0; k < p.depth; ++k, b += panel) {
    _mm_prefetch(reinterpret_cast<const char*>(b) + ahead_bytes, _MM_HINT_T0);
    const __m256 b0 = _mm256_loadu_ps(b);
    const __m256 b1 = _mm256_loadu_ps(b + 8);
#pragma GCC unroll 6
    for (std::size_t r = 0; r < Rows; ++r) {
      const __m256 a = _mm256_broadcast_ss(at.a + r * p.a_stride + k);
      sum[r][0] = _mm256_fmadd_ps(a, b0, sum[r][0]);
      sum[r][1] = _mm256_fmadd_ps(a, b1, sum[r][1]);
    }
  }
#pragma GCC unroll 6
  for (std::size_t r = 0; r < Rows; ++r)
#pragma GCC unroll 2
    for (std::size_t i = 0; i < 2; ++i) {
      float* c = at.c + r * p.c_stride + 8 * i;
      __m256 total = sum[r][i];
      if (at.bias != nullptr) total = _mm256_add_ps(total, _mm256_loadu_ps(at.bias + 8 * i));
      if (p.add) total = _mm256_add_ps(_mm256_loadu_ps(c), total);
      _mm256_storeu_ps(c, total);
    }
}

void multiply_avx2(const product& p) {
  static constexpr std::array tiles = {tile_avx2<1>, tile_avx2<2>, tile_avx2<3>,
                                       tile_avx2<4>, tile_avx2<5>, tile_avx2<6>};
  static_assert(tiles.size() == avx2_rows);
  for (std::size_t column = 0; column < p.columns; column += panel)
    for_row_tiles(p.rows, avx2_rows,
                  [&](std::size_t row, std::size_t rows) { tiles[rows - 1](p, place_of(p, row, column)); });
}

constexpr std::size_t avx512_rows = 12; // with two panels 24 sums, 2 of b and 1 of a: 27 of the 32 registers

template <std::size_t Rows, std::size_t Panels>
__attribute__((target("avx512f"))) void tile_avx512(const product& p, const tile_place& at) {
  __m512 sum[Rows][Panels];
#pragma GCC unroll 12
  for (std::size_t r = 0; r < Rows; ++r)
#pragma GCC unroll 2
    for (std::size_t i = 0; i < Panels; ++i)
      sum[r][i] = _mm512_setzero_ps();
  for (std::size_t k = 0; k < p.depth; ++k) {
    __m512 b[Panels];
#pragma GCC unroll 2
    for (std::size_t i = 0; i < Panels; ++i) {
      const float* line = at.panels + (i * p.depth + k) * panel;
      _mm_prefetch(reinterpret_cast<const char*>(line) + ahead_bytes, _MM_HINT_T0);
      b[i] = _mm512_loadu_ps(line);
    }
#pragma GCC unroll 12
    for (std::size_t r = 0; r < Rows; ++r) {
      const __m512 a = _mm512_set1_ps(at.a[r * p.a_stride + k]);
#pragma GCC unroll 2
      for (std::size_t i = 0; i < Panels; ++i)
        sum[r][i] = _mm512_fmadd_ps(a, b[i], sum[r][i]);
    }
  }
#pragma GCC unroll 12
  for (std::size_t r = 0; r < Rows; ++r)
#pragma GCC unroll 2
    for (std::size_t i = 0; i < Panels; ++i) {
      float* c = at.c + r * p.c_stride + panel * i;
      __m512 total = sum[r][i];
      if (at.bias != nullptr) total = _mm512_add_ps(total, _mm512_loadu_ps(at.bias + panel * i));
      if (p.add) total = _mm512_add_ps(_mm512_loadu_ps(c), total);
      _mm512_storeu_ps(c, total);
    }
}

template <std::size_t Panels>
void multiply_avx512_column(const product& p, std::size_t column) {
  static constexpr std::array tiles = {
      tile_avx512<1, Panels>, tile_avx512<2, Panels>,  tile_avx512<3, Panels>,  tile_avx512<4, Panels>,
      tile_avx512<5, Panels>, tile_avx512<6, Panels>,  tile_avx512<7, Panels>,  tile_avx512<8, Panels>,
      tile_avx512<9, Panels>, tile_avx512<10, Panels>, tile_avx512<11, Panels>, tile_avx512<12, Panels>};
  static_assert(tiles.size() == avx512_rows);
  for_row_tiles(p.rows, avx512_rows,
                [&](std::size_t row, std::size_t rows) { tiles[rows - 1](p, place_of(p, row, column)); });
}

void multiply_avx512(const product& p) {
  std::size_t column = 0;
  for (; column + 2 * panel <= p.columns; column += 2 * panel)
    multiply_avx512_column<2>(p, column);
  if (column < p.columns) multiply_avx512_column<1>(p, column);
}

#endif

constexpr std::array kernels = {
    kernel{"portable", multiply_portable},
#if defined(__x86_64__)
    kernel{"avx2", multiply_avx2},
    kernel{"avx512", multiply_avx512},
#endif
};

} // namespace

std::span<const kernel> usable_kernels() {
  std::size_t usable = 1;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) usable = 2;
  if (usable == 2 && __builtin_cpu_supports("avx512f")) usable = 3;
#endif
  return std::span{kernels}.first(usable);
}

} // namespace troupe::search
