"""All of the API's SQL. Every function works in the caller's transaction, which shows one tenant only."""
