"""The exporter's queries."""
