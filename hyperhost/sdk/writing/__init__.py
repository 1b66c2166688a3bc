"""What ``hyperhost plugin new`` writes: source and tests from the types of hooks, and what goes with them."""
