"""Every service in one process on an embedded PostgreSQL: the `mailsift` command."""
