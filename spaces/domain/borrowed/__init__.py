"""A borrowed room, once one's own is open again: end it from a date, or go on as a priced weekly sublet.

Both sides are asked once. Either proposes, the other one's yes does it; the newest proposal counts. Whatever happens
not, the booking runs to the end that was agreed.
"""
