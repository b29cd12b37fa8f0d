"""The one error of the sandbox: bad input, said in one line that tells what to mend."""


class SandboxError(Exception):
    """The message is the whole explanation; commands print it and exit, the control API answers it as 400."""
