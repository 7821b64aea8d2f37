"""Tells webhooks what happened: signs a message, sends it once, and judges how that went."""
