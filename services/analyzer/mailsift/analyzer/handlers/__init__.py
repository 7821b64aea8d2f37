"""What the analyzer does for each type of job: gather, decide, write."""
