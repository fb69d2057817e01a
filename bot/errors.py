"""The one error that is shown to people; everything else is a bug and bubbles to the door."""


class UserError(Exception):
    """Something a user can mend. The message reads `<file>: <what>. <how to mend it>` and is shown as it is."""
