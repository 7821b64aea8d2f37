"""How a list comes in: as a form, as a raw body, as addresses in JSON; always as a stream."""
