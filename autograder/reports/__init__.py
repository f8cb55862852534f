"""Views of a result. They compute nothing: what they show is in the result."""
