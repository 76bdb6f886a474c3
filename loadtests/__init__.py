"""The load side: Locust plays the offices of a scenario against a server."""
