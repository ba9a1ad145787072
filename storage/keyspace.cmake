# The key space, the state machine around it, and snapshots.
set(keyspace_sources
  change_feed.cpp
  embedding_table.cpp
  idempotency_table.cpp
  key_space.cpp
  origin_table.cpp
  pin.cpp
  session_table.cpp
  snapshot_file.cpp
  snapshot_frame.cpp
  snapshot_loader.cpp
  snapshot_reader.cpp
  snapshot_transfer.cpp
  snapshot_unfinished.cpp
  snapshot_writer.cpp
  state_machine.cpp
  state_machine_apply.cpp
  state_machine_changes.cpp
  state_machine_memory.cpp)
# Release builds keep assert() alive; absl's ordered containers would then check every comparison in both directions.
set_source_files_properties(embedding_table.cpp idempotency_table.cpp key_space.cpp PROPERTIES
  COMPILE_DEFINITIONS "$<$<CONFIG:Release>:NDEBUG>")
