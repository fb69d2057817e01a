"""What goes wrong and is no bug: what a user can mend, and what only time can. Everything else bubbles to the door."""


class UserError(Exception):
    """Something a user can mend. The message reads `<file>: <what>. <how to mend it>` and is shown as it is."""


class LaterError(Exception):
    """Nothing is to be asked of the forge before `until` (seconds since 1970): the job is put off, nobody sleeps."""

    def __init__(self, text: str, until: float) -> None:
        super().__init__(text)
        self.until = until


class AwayError(Exception):
    """The forge does not answer, or cannot just now. What a write came to is unknown: who tries again looks first."""
