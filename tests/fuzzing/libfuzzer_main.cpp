// One target as libFuzzer wants it. TROUPE_FUZZ_TARGET is the target's name, TROUPE_FUZZ_REPAIRS tells
// whether it has checksums to repair.

#include "tests/fuzzing/target.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

using troupe::fuzzing::TROUPE_FUZZ_TARGET;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  TROUPE_FUZZ_TARGET.run({reinterpret_cast<const char*>(data), size});
  return 0;
}

#ifdef TROUPE_FUZZ_REPAIRS

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  // Broken checksums are to be tried as well, now and then.
  if (seed % 16 == 0) return size;
  std::string input(reinterpret_cast<const char*>(data), size);
  TROUPE_FUZZ_TARGET.repair(input);
  size = std::min(input.size(), max_size);
  std::memcpy(data, input.data(), size);
  return size;
}

#endif
