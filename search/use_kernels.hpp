#pragma once

// The one heavy operation of the built-in model, a product of matrices, for the instruction sets it may meet.

#include <cstddef>
#include <span>
#include <string_view>

namespace troupe::search {

/// c = a * b + bias, or c += a * b + bias. Every element is summed in the order of `depth`, whatever the
/// number of rows: a row's result does not depend on the rows beside it.
struct product {
  const float* a = nullptr; ///< rows x depth
  std::size_t a_stride = 0; ///< floats from one row of a to the next
  std::size_t rows = 0;
  std::size_t depth = 0;
  const float* panels = nullptr; ///< b: depth x columns, laid out as tensor_layout::panels
  std::size_t columns = 0;       ///< a multiple of panel_columns
  const float* bias = nullptr;   ///< `columns` floats, or none
  float* c = nullptr;            ///< rows x columns; overlaps nothing
  std::size_t c_stride = 0;
  bool add = false; ///< to what is in c
};

/// One implementation. The same input always gives the same bits; two kernels differ by rounding.
struct kernel {
  std::string_view name;
  void (*multiply)(const product& p) = nullptr;
};

/// Those that this processor can run, the slowest ("portable") first and the fastest last.
std::span<const kernel> usable_kernels();

} // namespace troupe::search
