"""Fetches a list from a URL that a user gave, and lets nobody use that to reach what is not public."""
