"""The HTTP interface: lists in, analyses, results, exports, and jobs to watch."""
