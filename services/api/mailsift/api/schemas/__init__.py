"""What goes in and out of the API, in the words of its JSON."""
