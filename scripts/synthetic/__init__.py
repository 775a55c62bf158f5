"""Collections of any size to measure speed and memory on: made up, yet shaped like real ones."""
