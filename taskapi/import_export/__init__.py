"""Export and import of tasks as JSON Lines or CSV files."""
