"""The grading engine: it knows layers, checks and submissions, and no exercise by name."""
