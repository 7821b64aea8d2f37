"""Readers: bytes in, rows out, in flat memory at any size."""
