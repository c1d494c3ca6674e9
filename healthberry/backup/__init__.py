"""Backup and restore of the whole database, for the embedded PostgreSQL and any other: see docs/backup.md.

commands.py    `healthberry backup` and `healthberry restore`
take.py        one snapshot of every table into one sealed file, read back and compared
files.py       the file: written under another name, put in its place at the end, old ones dropped
frames.py      what stands in a file: head, rows table by table, and at the end what there must have been
sealing.py     the encryption
tables.py      what PostgreSQL says of its tables, and the mark of a table's rows
bare.py        tables without keys, indexes and walls while rows are copied in
restore.py     a file into an empty database, in one transaction
afterwards.py  what must not go on as if nothing had happened
"""
