#pragma once

namespace troupe::storage {
class state_machine;
}

namespace troupe::fuzzing {

/// What any state that could be loaded can do: be read, be applied to, age, and be saved as the same state.
void check_loaded(storage::state_machine& machine);

} // namespace troupe::fuzzing
