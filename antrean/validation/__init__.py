"""Validation: a calibrated twin held against a day that was measured."""
