"""Sessions and tokens: who is calling."""
