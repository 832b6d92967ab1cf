"""Something to look at before there is anything."""
