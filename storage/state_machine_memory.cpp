#include "storage/state_machine_memory.hpp"

#include "base/assert.hpp"
#include "command/codec.hpp"
#include "command/limits.hpp"

#include <algorithm>

namespace troupe::storage {

blob remember(const command_result& r, std::size_t bytes_left) {
  const auto allowed = std::max(limits::small_result_bytes, bytes_left);
  if (encoded_size(r) <= std::min(limits::remembered_result_bytes_max, allowed))
    return blob{encode_result(r)};
  command_result without = {.code = r.code,
                            .replayed = r.replayed,
                            .truncated = r.truncated || !r.results.empty(),
                            .succeeded = r.succeeded,
                            .revision = r.revision,
                            .session = r.session,
                            .results = {}};
  return blob{encode_result(without)};
}

command_result recall(const blob& remembered) {
  auto r = decode_result(remembered.view());
  TROUPE_ASSERT(r, "a remembered result was checked when it was made or loaded");
  r->replayed = true;
  return std::move(*r);
}

} // namespace troupe::storage
