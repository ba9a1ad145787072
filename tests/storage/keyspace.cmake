# The key space, the state machine around it, and snapshots.
troupe_test(storage_state_model_test SOURCES state_model_test.cpp LINKS troupe::storage)
