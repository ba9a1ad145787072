# The key space, the state machine around it, and snapshots.
set(keyspace_sources)
