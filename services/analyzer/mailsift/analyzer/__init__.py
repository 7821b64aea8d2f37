"""The analyzer: gathers domain facts by DNS and turns evidence into verdicts."""
