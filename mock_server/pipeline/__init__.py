"""What the centre does with a record, a file a step, in order: validation, matching, personalisation, printing.

Knows no web and no database; talks to the outside through the ports.
"""
