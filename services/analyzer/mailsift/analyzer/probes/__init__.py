"""The only network of the analyzer: questions to nameservers, answers as evidence."""
