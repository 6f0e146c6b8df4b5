"""Bodies and answers that only the console's own pages see."""
