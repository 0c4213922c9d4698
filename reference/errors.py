"""The one exception that means "your input", not "our bug".

Raised wherever a file, flag or array that the user brought is not what it must be.
The command line turns it into one line and exit code 2.
"""


class InputError(ValueError):
    """Bad input: the message names the file and line, what was expected, what to do."""
