"""Grading a whole class: finding submissions, running many, keeping results. Trusted side."""
