"""All parts of a cluster for real, on one machine, and what clients see of faults."""
