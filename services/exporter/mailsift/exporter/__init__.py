"""exporter: writes the answers beside the rows of the list, as a file in object storage, and tells webhooks."""
