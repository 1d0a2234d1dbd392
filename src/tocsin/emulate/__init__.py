"""What would have happened had everybody followed a strategy: the same strategies as a trial, emulated from records."""
