"""What it takes to run taskapi beyond one process."""
