class DomainError(Exception):
    """A rule said no. The text is written for the person who asked."""


class NotAllowedError(DomainError):
    """The transition table does not list this move for this person."""


class NoSupervisorError(NotAllowedError):
    """A rule says that a supervisor books, and nobody has accepted to be one."""


class UnknownPlaceError(DomainError):
    """No such ZIP code."""


class AlreadyAppliedError(DomainError):
    """This sign-in has its therapist already."""


class PictureError(DomainError):
    """What was sent is no picture that can be shown: no image, too large, cut off, moving."""


class LinkError(DomainError):
    """A signed link that cannot be followed."""


class LinkExpired(LinkError):  # noqa: N818 -- the name that links are read by everywhere
    """Genuine, but its time is up."""


class LinkInvalid(LinkError):  # noqa: N818 -- as above
    """Altered, cut off, or made for another purpose."""
