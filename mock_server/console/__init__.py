"""The console: a page at `/` for the people who watch a run, live, from the web process itself."""
