# The key space, the state machine around it, and snapshots.
troupe_test(storage_origin_table_test SOURCES origin_table_test.cpp LINKS troupe::storage)
troupe_test(storage_snapshot_fault_test SOURCES snapshot_fault_test.cpp LINKS troupe::storage)
troupe_test(storage_snapshot_file_test SOURCES snapshot_file_test.cpp LINKS troupe::storage)
troupe_test(storage_snapshot_loader_test SOURCES snapshot_loader_test.cpp LINKS troupe::storage)
troupe_test(storage_state_apply_test SOURCES state_apply_test.cpp LINKS troupe::storage)
troupe_test(storage_state_model_test SOURCES state_model_test.cpp LINKS troupe::storage)
troupe_test(storage_state_once_test SOURCES state_once_test.cpp LINKS troupe::storage)
troupe_test(storage_state_scale_test SOURCES state_scale_test.cpp LINKS troupe::storage)
