from directory.errors import DomainError


class SlotTakenError(DomainError):
    """Another booking got there first."""


class HoursError(DomainError):
    """The hours that were asked for make no sense: none, in the past, backwards, too many."""


class NeedOpenError(DomainError):
    """One open need per therapist and incident: that one is to be changed."""


class HostError(DomainError):
    """The hosts of an office cannot change like this: the last one stays."""
