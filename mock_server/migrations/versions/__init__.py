"""The revisions, oldest first: v5_4, v5_5_expand, v5_5_index, v5_5."""
