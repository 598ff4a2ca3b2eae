from directory.errors import DomainError


class SlotTakenError(DomainError):
    """Another booking got there first."""


class HoursError(DomainError):
    """The hours that were asked for make no sense: none, in the past, backwards, too many."""
