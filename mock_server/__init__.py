"""A mock card-management server with a real enrollment and print pipeline on PostgreSQL."""
