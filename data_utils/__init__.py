"""Data for the exercise: the embedded corpus now, the Sentiment-140 tools beside it later."""
