"""The errors of the local stack: a line that says what to mend."""


class StackError(Exception):
    """Shown to the user as one line, with a non-zero exit; the message names what to mend."""


class PortTakenError(StackError):
    """Another program took the port between our look at it and our server's start."""
