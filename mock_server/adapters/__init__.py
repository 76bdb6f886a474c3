"""The real parts behind the pipeline's ports."""
