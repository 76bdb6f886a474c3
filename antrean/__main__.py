"""`python -m antrean` is `antrean`."""

from antrean.cli import main

main()
