"""What people read, in each language that they may ask for; pure."""
