"""The web's routes, a file a resource."""
