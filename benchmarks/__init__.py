"""What design targets promise, measured: one command each, the peer beside it in the same run."""
