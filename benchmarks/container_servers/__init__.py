"""Real servers in containers, and what a user would reach them with instead."""
