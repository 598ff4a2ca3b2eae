"""Sending what the outbox holds: the only sender.

A drain (``drain.py``) claims rows ten at a time, asks who still wants them (``review.py``), and speaks to the mail
server (``post.py``). The sweep (``sweep.py``) frees what a dead drain left. See docs/architecture.md.
"""

from directory.domain.delivery.drain import send_due
from directory.domain.delivery.fate import record_fate
from directory.domain.delivery.sweep import sweep_deliveries, try_again

__all__ = ["record_fate", "send_due", "sweep_deliveries", "try_again"]
