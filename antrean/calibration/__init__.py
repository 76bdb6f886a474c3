"""Calibration: from the visits that a load test or a server's own log has seen to the figures of a model of it."""
