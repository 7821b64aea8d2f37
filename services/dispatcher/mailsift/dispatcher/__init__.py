"""Sends hints for due jobs, and takes back what was lost."""
