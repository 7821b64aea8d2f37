"""What DNS records mean for mail. Pure: texts in, values out; no resolver, clock or setting."""
