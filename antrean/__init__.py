"""The command line, and what only it needs: campaigns, results folders, reports, the twin."""
