"""The exercise as students get it: seven classes to write."""
