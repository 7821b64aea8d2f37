"""What lists come packed in, read as streams: never more in memory than a bounded part, nothing beyond the bounds."""
