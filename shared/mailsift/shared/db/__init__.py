"""The database: the naming rule, the tables, sessions by role, migrations."""
