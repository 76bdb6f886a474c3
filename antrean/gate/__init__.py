"""The gate: is this build slower than that one, with a stated rate of errors."""
