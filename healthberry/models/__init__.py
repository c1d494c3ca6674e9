"""Tables: columns and constraints; no queries, no HTTP."""
