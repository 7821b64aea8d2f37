"""How an operator sees what a process does: logs, metrics and health."""
