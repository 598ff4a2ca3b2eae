"""Sending what the outbox holds."""


def send_due() -> bool:
    """Returns whether more is due."""
    return False


def sweep_deliveries() -> None:
    """Free what dead drains left."""
