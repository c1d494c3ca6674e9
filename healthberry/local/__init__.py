"""The private servers behind `make run` and the tests: PostgreSQL, Valkey, a mailbox, the processes."""
