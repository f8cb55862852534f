"""Building the course's notebooks from one text source. For staff."""
