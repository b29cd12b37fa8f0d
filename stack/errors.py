"""The one error of the local stack: a line that says what to mend."""


class StackError(Exception):
    """Shown to the user as one line, with a non-zero exit; the message names what to mend."""
