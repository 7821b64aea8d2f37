"""The history of the schema: expand first, contract in a later release."""
