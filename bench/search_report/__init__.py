"""What bench/search measures and how it is shown."""
