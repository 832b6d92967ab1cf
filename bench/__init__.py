"""How fast taskapi is, beside what its users would take instead."""
