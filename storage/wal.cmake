# The log files: write-ahead log, its reader, the identity file and the folder lock.
set(wal_sources)
