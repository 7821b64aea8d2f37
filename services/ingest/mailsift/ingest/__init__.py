"""ingest: turns an uploaded file into rows."""
