"""Speaks HTTPS with hosts that strangers name, and lets nobody use that to reach what is not public."""
